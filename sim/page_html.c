#include "page_html.h"

#include <math.h>
#include <string.h>

void html_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*text, out);
		}
	}
}

void html_words(FILE *out, struct words words)
{
	if (!strcmp(words.en, words.de)) {
		html_text(out, words.en);
		return;
	}
	fputs("<span class=\"en\">", out);
	html_text(out, words.en);
	fputs("</span><span class=\"de\">", out);
	html_text(out, words.de);
	fputs("</span>", out);
}

static void group_digits(const char *plain, char thousands, char point, char *text)
{
	const char *digits = plain + (*plain == '-'), *dot = strchr(plain, '.');
	size_t whole = dot ? (size_t)(dot - digits) : strlen(digits);
	if (digits != plain)
		*text++ = '-';
	for (size_t i = 0; i < whole; i++) {
		if (i && (whole - i) % 3 == 0)
			*text++ = thousands;
		*text++ = digits[i];
	}
	if (dot) {
		*text++ = point;
		strcpy(text, dot + 1);
		return;
	}
	*text = 0;
}

void html_number(FILE *out, double value, int decimals)
{
	char plain[64], en[96], de[96];
	if (isnan(value)) {
		fputs("\xe2\x80\x93", out);
		return;
	}
	snprintf(plain, sizeof plain, "%.*f", decimals, value);
	group_digits(plain, ',', '.', en);
	group_digits(plain, '.', ',', de);
	html_words(out, (struct words){en, de});
}

void html_element(FILE *out, const char *tag, struct words words)
{
	fprintf(out, "<%s>", tag);
	html_words(out, words);
	fprintf(out, "</%.*s>\n", (int)strcspn(tag, " "), tag);
}
