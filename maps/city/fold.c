/* Folding of names for search: what sounds alike to a person typing in a hurry gets the same key. */
#include <string.h>

#include "town.h"

#define INVALID UINT32_MAX

/* U+00C0 .. U+017F without accents, lower case */
static const char latin[][3] = {
	"a", "a", "a",	"a", "a", "a", "a", "c", "e", "e", "e",	 "e",  "i", "i", "i",  "i",  "d", "n", "o", "o",
	"o", "o", "o",	" ", "o", "u", "u", "u", "u", "y", "th", "ss", "a", "a", "a",  "a",  "a", "a", "a", "c",
	"e", "e", "e",	"e", "i", "i", "i", "i", "d", "n", "o",	 "o",  "o", "o", "o",  " ",  "o", "u", "u", "u",
	"u", "y", "th", "y", "a", "a", "a", "a", "a", "a", "c",	 "c",  "c", "c", "c",  "c",  "c", "c", "d", "d",
	"d", "d", "e",	"e", "e", "e", "e", "e", "e", "e", "e",	 "e",  "g", "g", "g",  "g",  "g", "g", "g", "g",
	"h", "h", "h",	"h", "i", "i", "i", "i", "i", "i", "i",	 "i",  "i", "i", "ij", "ij", "j", "j", "k", "k",
	"k", "l", "l",	"l", "l", "l", "l", "l", "l", "l", "l",	 "n",  "n", "n", "n",  "n",  "n", "n", "n", "n",
	"o", "o", "o",	"o", "o", "o", "o", "o", "r", "r", "r",	 "r",  "r", "r", "s",  "s",  "s", "s", "s", "s",
	"s", "s", "t",	"t", "t", "t", "t", "t", "u", "u", "u",	 "u",  "u", "u", "u",  "u",  "u", "u", "u", "u",
	"w", "w", "y",	"y", "y", "z", "z", "z", "z", "z", "z",	 "s",
};

static int continuation(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/* The next code point; broken bytes give INVALID one at a time. */
static uint32_t next_point(const unsigned char **text)
{
	const unsigned char *at = *text;
	*text = at + 1;
	if (at[0] < 0x80)
		return at[0];
	if (at[0] >= 0xc2 && at[0] < 0xe0 && continuation(at[1])) {
		*text = at + 2;
		return (uint32_t)(at[0] & 0x1f) << 6 | (at[1] & 0x3fu);
	}
	if (at[0] >= 0xe0 && at[0] < 0xf0 && continuation(at[1]) && continuation(at[2])) {
		*text = at + 3;
		return (uint32_t)(at[0] & 0x0f) << 12 | (uint32_t)(at[1] & 0x3f) << 6 | (at[2] & 0x3fu);
	}
	if (at[0] >= 0xf0 && at[0] < 0xf5 && continuation(at[1]) && continuation(at[2]) && continuation(at[3])) {
		*text = at + 4;
		return (uint32_t)(at[0] & 0x07) << 18 | (uint32_t)(at[1] & 0x3f) << 12 | (uint32_t)(at[2] & 0x3f) << 6 |
		       (at[3] & 0x3fu);
	}
	return INVALID;
}

static size_t encode(uint32_t point, char *ret_bytes)
{
	if (point < 0x80) {
		ret_bytes[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		ret_bytes[0] = (char)(0xc0 | point >> 6);
		ret_bytes[1] = (char)(0x80 | (point & 0x3f));
		return 2;
	}
	if (point < 0x10000) {
		ret_bytes[0] = (char)(0xe0 | point >> 12);
		ret_bytes[1] = (char)(0x80 | (point >> 6 & 0x3f));
		ret_bytes[2] = (char)(0x80 | (point & 0x3f));
		return 3;
	}
	ret_bytes[0] = (char)(0xf0 | point >> 18);
	ret_bytes[1] = (char)(0x80 | (point >> 12 & 0x3f));
	ret_bytes[2] = (char)(0x80 | (point >> 6 & 0x3f));
	ret_bytes[3] = (char)(0x80 | (point & 0x3f));
	return 4;
}

/* Greek and Cyrillic capitals have fixed distances to their small letters. */
static uint32_t lower(uint32_t point)
{
	if ((point >= 0x391 && point <= 0x3a9) || (point >= 0x410 && point <= 0x42f))
		return point + 32;
	if (point >= 0x400 && point <= 0x40f)
		return point + 80;
	return point;
}

/* What one code point becomes: up to 4 bytes; 0 = nothing; one space = it parts words. */
static size_t fold_point(uint32_t point, char *ret_bytes)
{
	if (point >= 'A' && point <= 'Z')
		point += 'a' - 'A';
	if ((point >= 'a' && point <= 'z') || (point >= '0' && point <= '9')) {
		ret_bytes[0] = (char)point;
		return 1;
	}
	if (point >= 0xc0 && point <= 0x17f) {
		memcpy(ret_bytes, latin[point - 0xc0], sizeof latin[0]);
		return strlen(ret_bytes);
	}
	if (point == '\'' || point == 0x2019 || (point >= 0x300 && point <= 0x36f))
		return 0; /* apostrophes and combining accents join */
	if (point < 0xc0 || point == INVALID || (point >= 0x2000 && point <= 0x206f)) {
		ret_bytes[0] = ' ';
		return 1;
	}
	return encode(lower(point), ret_bytes);
}

/* "ae", "oe", "ue" stand for umlauts, which fold to the plain vowel: their e is dropped, in keys and queries alike. */
static int umlaut_e(const char *key, size_t n, const char *piece, size_t n_piece)
{
	return n && n_piece == 1 && piece[0] == 'e' && (key[n - 1] == 'a' || key[n - 1] == 'o' || key[n - 1] == 'u');
}

void town_fold(const char *text, char *ret_key, size_t size)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t n = 0;
	int gap = 0;
	if (!size)
		return;
	while (*at) {
		char piece[4];
		size_t n_piece = fold_point(next_point(&at), piece);
		if (n_piece == 1 && piece[0] == ' ') {
			gap = n > 0;
			continue;
		}
		if (!n_piece || (!gap && umlaut_e(ret_key, n, piece, n_piece)))
			continue;
		if (n + (size_t)gap + n_piece >= size)
			break;
		if (gap)
			ret_key[n++] = ' ';
		gap = 0;
		memcpy(ret_key + n, piece, n_piece);
		n += n_piece;
	}
	ret_key[n] = '\0';
}
