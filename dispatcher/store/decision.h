/* What a named person decides about the journal: that a record is left out (hold mode), that a ride is erased. Signed
 * with that person's own Ed25519 key, kept as JSON in a RECORD_DECISION, and checked wherever it counts: a decision
 * that nobody listed has signed is none. There is no default key and nobody is listed by default. */
#ifndef ZUB_DECISION_H
#define ZUB_DECISION_H

#include "err.h"
#include <stddef.h>
#include <stdint.h>

#define DECISION_NAME_MAX 64  /* bytes with the end */
#define DECISION_WHY_MAX 1024 /* bytes with the end */
#define DECISION_KEY_BYTES 32
#define DECISION_SECRET_BYTES 64
#define DECISION_SIGNATURE_BYTES 64
#define DECISION_HASH_BYTES 32
#define DECISION_HEX_MAX (2 * DECISION_KEY_BYTES + 1)

enum decision_kind {
	DECISION_SKIP = 1,  /* subject: a record */
	DECISION_ERASE = 2, /* subject: a ride */
	DECISION_ERASE_BEFORE = 3 /* subject: an instant; all rides asked for before it */,
	DECISION_KINDS
};

struct decision {
	uint8_t kind;	      /* enum decision_kind */
	uint32_t area, epoch; /* of the record that holds the decision */
	uint64_t subject;
	/* SKIP: chain hash of that record, or of the newest one when that record never got into the journal (it would
	 * have been the next). The others: of the newest record. */
	uint8_t hash[DECISION_HASH_BYTES];
	int64_t at; /* calendar, ms since 1970 */
	char by[DECISION_NAME_MAX], why[DECISION_WHY_MAX];
	uint8_t key[DECISION_KEY_BYTES];
	uint8_t signature[DECISION_SIGNATURE_BYTES];
};

/* Fills key and signature. ERR_RANGE: no subject, name or reason; ERR_FORMAT: they are no UTF-8. */
int decision_sign(struct decision *decision, const uint8_t secret[DECISION_SECRET_BYTES], struct err_detail *detail);
/* As JSON, malloc'ed, taken by the caller. NULL: no memory, or no UTF-8. */
char *decision_text(const struct decision *decision);
/* Reads JSON of n bytes and checks the signature with the key it names. ERR_FORMAT, ERR_RANGE; ERR_DENIED: not what was
 * signed. */
int decision_read(struct decision *ret_decision, const void *json, size_t n, struct err_detail *detail);

/* Who may decide: a YAML file, "deciders: [{name: Anna, key: HEX, retired: false}]". */
struct decider {
	char name[DECISION_NAME_MAX];
	uint8_t key[DECISION_KEY_BYTES];
	uint8_t retired; /* what this key signed before stays right; it signs nothing more */
};
#define DECIDERS_MAX 256
struct deciders {
	char path[320]; /* for messages */
	uint32_t n;
	struct decider people[DECIDERS_MAX];
};
/* No file: nobody. Errors by line and column. */
int deciders_read(struct deciders *ret_deciders, const char *path, struct err_detail *detail);
/* ERR_DENIED: the name is not listed with this key (or, with `now`, is retired). */
int deciders_allow(const struct deciders *deciders, const struct decision *decision, int now,
		   struct err_detail *detail);

/* A person's key file, mode 0600: "zubringer decision key 1", the name, both keys in hex. ERR_EXISTS, ERR_IO. */
int decision_key_make(const char *path, const char *name, struct err_detail *detail);
/* ERR_DENIED when others may read it; ERR_FORMAT. */
int decision_key_read(const char *path, char ret_name[DECISION_NAME_MAX], uint8_t ret_secret[DECISION_SECRET_BYTES],
		      struct err_detail *detail);
/* The same from its text (for the reader above). */
int decision_key_parse(const char *path, const char *text, char ret_name[DECISION_NAME_MAX],
		       uint8_t ret_secret[DECISION_SECRET_BYTES], struct err_detail *detail);
/* The public half of a secret, as it stands in the list. */
void decision_key_hex(const uint8_t secret[DECISION_SECRET_BYTES], char ret_hex[DECISION_HEX_MAX]);

#endif
