#include "plain_words.h"
#include <stdarg.h>
#include <stdio.h>

static const char *const table[PLAIN_WORD_COUNT][2] = {
#define X(name, english, german) {english, german},
	PLAIN_WORDS(X)
#undef X
};

const char *plain_word(enum language language, enum plain_word word)
{
	return table[word][language == LANGUAGE_DE];
}

void plain_say(char *text, size_t size, enum language language, enum plain_word word, ...)
{
	va_list arguments;
	va_start(arguments, word);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	vsnprintf(text, size, plain_word(language, word), arguments);
#pragma GCC diagnostic pop
	va_end(arguments);
}
