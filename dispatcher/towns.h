/* The town files a journal needs, by content hash: the one the settings name, and older ones kept under
 * STATE/towns/HASH.zmap. A changed town file becomes effective by a journaled CMD_TOWN_SWAP; recovery and verification
 * find the old ones here. */
#ifndef ZUB_TOWNS_H
#define ZUB_TOWNS_H

#include "arena.h"
#include "core.h"
#include "err.h"
#include "placing.h"
#include "town.h"

#define TOWNS_OPEN_MAX 8    /* a journal may name any number; the one not used for longest is closed for the next */
#define TOWNS_MEMORY_MAX 64 /* each a quarter more than the largest town so far */

struct towns_entry {
	struct town town;
	struct placing placing;
	uint64_t used;
};
struct towns {
	char folder[300];
	int keep_open; /* set by who borrows from all towns until close */
	uint64_t uses;
	/* An entry stays valid until TOWNS_OPEN_MAX others have been asked for. */
	struct towns_entry **entries;
	size_t n, cap;
	uint32_t n_memory;
	struct arena memory[TOWNS_MEMORY_MAX]; /* handed to a core for towns larger than its first; until close */
};

/* folder: STATE/towns, made when missing. */
int towns_open(struct towns *towns, const char *state_folder, struct err_detail *detail);
void towns_close(struct towns *towns);
/* Opens the file at path. */
int towns_look(struct towns *towns, const char *path, struct towns_entry **ret_entry, struct err_detail *detail);
/* The same, and keeps a durable copy of it under its hash. ERR_DISK_FULL, ERR_IO. */
int towns_take(struct towns *towns, const char *path, struct towns_entry **ret_entry, struct err_detail *detail);
/* The town with this hash, opened from the folder when it is not open yet. ERR_NOT_FOUND. */
int towns_find(struct towns *towns, const uint8_t hash[TOWN_HASH_BYTES], struct towns_entry **ret_entry,
	       struct err_detail *detail);
/* A journal_town_source: hands the core the town that a swap names. self = struct towns. */
int towns_give(void *self, struct core *core, const uint8_t hash[TOWN_HASH_BYTES], struct err_detail *detail);

#endif
