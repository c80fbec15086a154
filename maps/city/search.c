/* Search among addresses: every word of the query must begin a word of the key. */
#include <string.h>

#include "town.h"

#define WORDS_MAX 8
#define QUERY_MAX 128

struct word {
	const char *text;
	size_t n;
};

struct query {
	char text[QUERY_MAX];
	struct word words[WORDS_MAX];
	uint32_t n_words;
};

/* Less is better, compared in this order, then the lower address */
struct rank {
	uint32_t wrong_number; /* numbers of the query that only begin a number of the key ("1" in "12") */
	uint32_t inside;       /* the key does not begin with the first word of the query */
	uint32_t length;
};

struct found {
	const struct town *town;
	const struct query *query;
	uint32_t *best;
	struct rank *ranks;
	uint32_t n, most;
};

static void parse_query(const char *text, struct query *ret_query)
{
	town_fold(text, ret_query->text, sizeof ret_query->text);
	ret_query->n_words = 0;
	for (const char *at = ret_query->text; *at && ret_query->n_words < WORDS_MAX;) {
		size_t n = strcspn(at, " ");
		ret_query->words[ret_query->n_words++] = (struct word){.text = at, .n = n};
		at += n;
		at += *at == ' ';
	}
}

static int is_number(struct word word)
{
	return word.text[0] >= '0' && word.text[0] <= '9';
}

/* How a word of the query stands in the key: 0 not at all, 1 begins a word of it, 2 is a word of it */
static int match(const char *key, struct word word)
{
	int begins = 0;
	for (const char *at = key; *at;) {
		size_t n = strcspn(at, " ");
		if (n >= word.n && memcmp(at, word.text, word.n) == 0) {
			if (n == word.n)
				return 2;
			begins = 1;
		}
		at += n;
		at += *at == ' ';
	}
	return begins;
}

static int rank_of(const struct query *query, const char *key, struct rank *ret_rank)
{
	struct rank rank = {.inside = strncmp(key, query->words[0].text, query->words[0].n) != 0};
	for (uint32_t i = 0; i < query->n_words; i++) {
		int how = match(key, query->words[i]);
		if (!how)
			return 0;
		rank.wrong_number += how == 1 && is_number(query->words[i]);
	}
	rank.length = (uint32_t)strlen(key);
	*ret_rank = rank;
	return 1;
}

static int better(struct rank a, struct rank b)
{
	if (a.wrong_number != b.wrong_number)
		return a.wrong_number < b.wrong_number;
	if (a.inside != b.inside)
		return a.inside < b.inside;
	return a.length < b.length;
}

/* Addresses come in ascending order, so an equal rank goes behind. */
static void keep(struct found *found, uint32_t address, struct rank rank)
{
	if (found->n == found->most) {
		if (!better(rank, found->ranks[found->n - 1]))
			return;
		found->n--;
	}
	uint32_t at = found->n++;
	for (; at && better(rank, found->ranks[at - 1]); at--) {
		found->best[at] = found->best[at - 1];
		found->ranks[at] = found->ranks[at - 1];
	}
	found->best[at] = address;
	found->ranks[at] = rank;
}

static const char *key_of(const struct town *town, uint32_t address)
{
	return town_text(town, town->address_key[address]);
}

static void try_addresses(struct found *found, uint32_t from, uint32_t to)
{
	struct rank rank;
	for (uint32_t address = from; address < to; address++)
		if (rank_of(found->query, key_of(found->town, address), &rank))
			keep(found, address, rank);
}

/* Keys are sorted: the first address whose key's beginning is not below the word (past = 0) or is above it (past = 1)
 */
static uint32_t bound(const struct town *town, struct word word, int past)
{
	uint32_t low = 0, high = town->n_addresses;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = strncmp(key_of(town, middle), word.text, word.n);
		if (order < 0 || (past && order == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

#define MOST_MAX 64u

uint32_t town_search(const struct town *town, const char *text, uint32_t *ret_addresses, uint32_t most)
{
	struct query query;
	struct rank ranks[MOST_MAX];
	struct found found = {.town = town, .query = &query, .best = ret_addresses, .ranks = ranks};
	found.most = most < MOST_MAX ? most : MOST_MAX;
	parse_query(text, &query);
	if (!query.n_words || !found.most)
		return 0;
	/* Keys that begin with the first word lie together and rank before all others with the same numbers: when they
	 * fill the list without a wrong number, nothing elsewhere can be better. */
	uint32_t from = bound(town, query.words[0], 0), to = bound(town, query.words[0], 1);
	try_addresses(&found, from, to);
	if (found.n == found.most && !ranks[found.n - 1].wrong_number)
		return found.n;
	found.n = 0;
	try_addresses(&found, 0, town->n_addresses);
	return found.n;
}
