/* A store in memory: for simulations and tests. Same rules, nothing durable. Arrays, scanned where they are short. */
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "store_backend.h"

struct memory_epoch {
	uint32_t area, epoch;
};
struct memory_value {
	char name[STORE_NAME_MAX];
	uint8_t *bytes;
	size_t n;
};
struct memory {
	struct store_row *rows; /* bodies owned; row i has sequence i + 1 */
	size_t n_rows, cap_rows;
	struct memory_epoch *epochs;
	size_t n_epochs, cap_epochs;
	struct store_key *keys; /* open addressing by (ride, kind); ride 0 = free; at most half full */
	size_t n_keys, n_slots;
	struct store_snapshot *snapshots; /* ascending */
	size_t n_snapshots, cap_snapshots;
	struct memory_value *values;
	size_t n_values, cap_values;
	struct store_telemetry *telemetry;
	size_t n_telemetry, cap_telemetry;
	uint8_t mark[STORE_MARK_BYTES];
};

#define KEY_SLOTS 1024

static int out_of_memory(struct err_detail *detail)
{
	return err_set(detail, ERR_MEMORY, "memory store: out of memory");
}

static int memory_open(void **ret_self, const char *place, enum store_mode mode, struct err_detail *detail)
{
	(void)place;
	if (mode == STORE_READ)
		return err_set(detail, ERR_NOT_FOUND, "memory store: nothing to read in a new one");
	struct memory *memory = calloc(1, sizeof *memory);
	if (!memory)
		return out_of_memory(detail);
	memory->keys = calloc(KEY_SLOTS, sizeof *memory->keys);
	if (!memory->keys) {
		free(memory);
		return out_of_memory(detail);
	}
	memory->n_slots = KEY_SLOTS;
	*ret_self = memory;
	return ERR_OK;
}

static void memory_close(void *self)
{
	struct memory *memory = self;
	for (size_t i = 0; i < memory->n_rows; i++)
		free((void *)(uintptr_t)memory->rows[i].body);
	for (size_t i = 0; i < memory->n_snapshots; i++)
		free(memory->snapshots[i].body);
	for (size_t i = 0; i < memory->n_values; i++)
		free(memory->values[i].bytes);
	sodium_memzero(memory->keys, memory->n_slots * sizeof *memory->keys);
	free(memory->rows);
	free(memory->epochs);
	free(memory->keys);
	free(memory->snapshots);
	free(memory->values);
	free(memory->telemetry);
	free(memory);
}

static struct memory_epoch *epoch_of(struct memory *memory, uint32_t area)
{
	for (size_t i = 0; i < memory->n_epochs; i++)
		if (memory->epochs[i].area == area)
			return &memory->epochs[i];
	return NULL;
}

static int memory_take_epoch(void *self, uint32_t area, uint32_t least, uint32_t *ret_epoch, struct err_detail *detail)
{
	struct memory *memory = self;
	struct memory_epoch *epoch = epoch_of(memory, area);
	if (!epoch) {
		if (array_push(memory->epochs, memory->n_epochs, memory->cap_epochs, (struct memory_epoch){area, 0}))
			return out_of_memory(detail);
		epoch = &memory->epochs[memory->n_epochs - 1];
	}
	epoch->epoch = epoch->epoch + 1 > least ? epoch->epoch + 1 : least;
	*ret_epoch = epoch->epoch;
	return ERR_OK;
}

static int memory_head(void *self, struct store_head *ret_head, struct err_detail *detail)
{
	(void)detail;
	struct memory *memory = self;
	memset(ret_head, 0, sizeof *ret_head);
	if (!memory->n_rows)
		return ERR_OK;
	const struct store_row *row = &memory->rows[memory->n_rows - 1];
	ret_head->sequence = row->sequence;
	ret_head->digest = row->digest;
	memcpy(ret_head->hash, row->hash, STORE_HASH_BYTES);
	return ERR_OK;
}

static int check_epochs(struct memory *memory, const struct store_row *rows, uint32_t n, struct err_detail *detail)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct memory_epoch *epoch = epoch_of(memory, rows[i].area);
		uint32_t now = epoch ? epoch->epoch : 0;
		if (rows[i].epoch != now)
			return err_set(detail, ERR_STALE, "memory store: epoch %u, area %u is at %u", rows[i].epoch,
				       rows[i].area, now);
	}
	return ERR_OK;
}

static int memory_append(void *self, const struct store_row *rows, uint32_t n, struct err_detail *detail)
{
	struct memory *memory = self;
	int code = check_epochs(memory, rows, n, detail);
	if (code)
		return code;
	if (rows[0].sequence != memory->n_rows + 1)
		return err_set(detail, ERR_CONFLICT, "memory store: record %" PRIu64 " does not follow %zu",
			       rows[0].sequence, memory->n_rows);
	if (array_reserve(memory->rows, memory->n_rows + n, memory->cap_rows))
		return out_of_memory(detail);
	for (uint32_t i = 0; i < n; i++) {
		uint8_t *body = malloc(rows[i].n ? rows[i].n : 1);
		if (!body) {
			while (i-- > 0)
				free((void *)(uintptr_t)memory->rows[memory->n_rows + i].body);
			return out_of_memory(detail);
		}
		if (rows[i].n)
			memcpy(body, rows[i].body, rows[i].n);
		memory->rows[memory->n_rows + i] = rows[i];
		memory->rows[memory->n_rows + i].body = body;
	}
	memory->n_rows += n;
	return ERR_OK;
}

static int memory_read(void *self, uint64_t from, int (*each)(void *to, const struct store_row *row), void *to,
		       struct err_detail *detail)
{
	(void)detail;
	struct memory *memory = self;
	for (uint64_t i = from ? from - 1 : 0; i < memory->n_rows; i++) {
		struct store_row row = memory->rows[i];
		int code = each(to, &row);
		if (code)
			return code;
	}
	return ERR_OK;
}

static struct store_key *key_slot(struct memory *memory, uint64_t ride, uint8_t kind)
{
	uint64_t at = (ride * UINT64_C(0x9e3779b97f4a7c15) + kind) >> 7;
	for (;; at++) {
		struct store_key *key = &memory->keys[at & (memory->n_slots - 1)];
		if (!key->ride || (key->ride == ride && key->kind == kind))
			return key;
	}
}

static int keys_grow(struct memory *memory, size_t n_more)
{
	struct store_key *old = memory->keys;
	size_t n_old = memory->n_slots, n = n_old;
	while ((memory->n_keys + n_more) * 2 > n)
		n *= 2;
	if (n == n_old)
		return ERR_OK;
	struct store_key *keys = calloc(n, sizeof *keys);
	if (!keys)
		return ERR_MEMORY;
	memory->keys = keys;
	memory->n_slots = n;
	for (size_t i = 0; i < n_old; i++)
		if (old[i].ride)
			*key_slot(memory, old[i].ride, old[i].kind) = old[i];
	sodium_memzero(old, n_old * sizeof *old);
	free(old);
	return ERR_OK;
}

static int memory_key_get(void *self, uint64_t ride, uint8_t kind, struct store_key *ret_key, struct err_detail *detail)
{
	const struct store_key *key = key_slot(self, ride, kind);
	if (!key->ride)
		return err_set(detail, ERR_NOT_FOUND, "memory store: no key of %" PRIu64, ride);
	*ret_key = *key;
	return ERR_OK;
}

static int memory_keys_put(void *self, const struct store_key *keys, uint32_t n, struct err_detail *detail)
{
	struct memory *memory = self;
	if (keys_grow(memory, n))
		return out_of_memory(detail);
	for (uint32_t i = 0; i < n; i++) {
		const struct store_key *key = key_slot(memory, keys[i].ride, keys[i].kind);
		if (key->ride && !key->erased)
			return err_set(detail, ERR_CONFLICT, "memory store: ride %" PRIu64 " has a key", keys[i].ride);
	}
	for (uint32_t i = 0; i < n; i++) {
		struct store_key *key = key_slot(memory, keys[i].ride, keys[i].kind);
		memory->n_keys += !key->ride;
		*key = keys[i];
	}
	return ERR_OK;
}

static int memory_keys_erase(void *self, const struct store_key *keys, uint32_t n, uint64_t through,
			     struct err_detail *detail)
{
	(void)detail;
	struct memory *memory = self;
	for (uint32_t i = 0; i < n; i++) {
		struct store_key *key = key_slot(memory, keys[i].ride, keys[i].kind);
		if (!key->ride || key->erased)
			continue;
		sodium_memzero(key->key, sizeof key->key);
		key->erased = 1;
		key->erased_through = through;
	}
	return ERR_OK;
}

static int snapshot_add(struct memory *memory, const struct store_snapshot *snapshot, uint64_t *ret_replaced)
{
	uint8_t *body = malloc(snapshot->n);
	if (!body || array_reserve(memory->snapshots, memory->n_snapshots + 1, memory->cap_snapshots)) {
		free(body);
		return ERR_MEMORY;
	}
	memcpy(body, snapshot->body, snapshot->n);
	size_t at = memory->n_snapshots;
	while (at && memory->snapshots[at - 1].sequence >= snapshot->sequence)
		at--;
	*ret_replaced = 0;
	if (at < memory->n_snapshots && memory->snapshots[at].sequence == snapshot->sequence) {
		*ret_replaced = memory->snapshots[at].key_number;
		free(memory->snapshots[at].body);
	} else {
		memmove(&memory->snapshots[at + 1], &memory->snapshots[at],
			(memory->n_snapshots - at) * sizeof *memory->snapshots);
		memory->n_snapshots++;
	}
	memory->snapshots[at] = *snapshot;
	memory->snapshots[at].body = body;
	return ERR_OK;
}

static int memory_snapshot_put(void *self, const struct store_snapshot *snapshot, uint32_t keep, uint64_t *ret_dropped,
			       uint32_t most, uint32_t *ret_n_dropped, struct err_detail *detail)
{
	struct memory *memory = self;
	uint64_t replaced;
	if (snapshot_add(memory, snapshot, &replaced))
		return out_of_memory(detail);
	uint32_t n = 0;
	if (replaced && n < most)
		ret_dropped[n++] = replaced;
	while (memory->n_snapshots > keep && n < most) {
		ret_dropped[n++] = memory->snapshots[0].key_number;
		free(memory->snapshots[0].body);
		memmove(&memory->snapshots[0], &memory->snapshots[1],
			--memory->n_snapshots * sizeof *memory->snapshots);
	}
	*ret_n_dropped = n;
	return ERR_OK;
}

static int memory_snapshot_get(void *self, uint64_t sequence, struct store_snapshot *ret_snapshot,
			       struct err_detail *detail)
{
	struct memory *memory = self;
	size_t at = memory->n_snapshots;
	while (at && memory->snapshots[at - 1].sequence > sequence)
		at--;
	if (!at)
		return err_set(detail, ERR_NOT_FOUND, "memory store: no snapshot");
	const struct store_snapshot *found = &memory->snapshots[at - 1];
	uint8_t *body = malloc(found->n);
	if (!body)
		return out_of_memory(detail);
	memcpy(body, found->body, found->n);
	*ret_snapshot = *found;
	ret_snapshot->body = body;
	return ERR_OK;
}

static struct memory_value *value_of(struct memory *memory, const char *name)
{
	for (size_t i = 0; i < memory->n_values; i++)
		if (!strcmp(memory->values[i].name, name))
			return &memory->values[i];
	return NULL;
}

static int memory_value_put(void *self, const char *name, const void *bytes, size_t n, struct err_detail *detail)
{
	struct memory *memory = self;
	uint8_t *copy = malloc(n ? n : 1);
	if (!copy)
		return out_of_memory(detail);
	struct memory_value *value = value_of(memory, name);
	if (!value) {
		if (array_push(memory->values, memory->n_values, memory->cap_values, (struct memory_value){.n = 0})) {
			free(copy);
			return out_of_memory(detail);
		}
		value = &memory->values[memory->n_values - 1];
		memcpy(value->name, name, strlen(name));
	}
	if (n)
		memcpy(copy, bytes, n);
	free(value->bytes);
	value->bytes = copy;
	value->n = n;
	return ERR_OK;
}

static int memory_value_get(void *self, const char *name, void *bytes, size_t size, size_t *ret_n,
			    struct err_detail *detail)
{
	const struct memory_value *value = value_of(self, name);
	if (!value)
		return err_set(detail, ERR_NOT_FOUND, "memory store: no value %s", name);
	if (value->n > size)
		return err_set(detail, ERR_FULL, "memory store: value %s has %zu bytes, room for %zu", name, value->n,
			       size);
	if (value->n)
		memcpy(bytes, value->bytes, value->n);
	*ret_n = value->n;
	return ERR_OK;
}

/* The newest suffice in memory: a long simulation must not grow by what nobody reads. */
#define TELEMETRY_KEPT 65536

static int memory_telemetry(void *self, const struct store_telemetry *rows, uint32_t n, struct err_detail *detail)
{
	struct memory *memory = self;
	if (memory->n_telemetry + n > TELEMETRY_KEPT)
		memory->n_telemetry = 0;
	if (n > TELEMETRY_KEPT)
		n = TELEMETRY_KEPT;
	if (array_reserve(memory->telemetry, memory->n_telemetry + n, memory->cap_telemetry))
		return out_of_memory(detail);
	memcpy(memory->telemetry + memory->n_telemetry, rows, n * sizeof *rows);
	memory->n_telemetry += n;
	return ERR_OK;
}

static int memory_telemetry_forget(void *self, instant_ms before, struct err_detail *detail)
{
	(void)detail;
	struct memory *memory = self;
	size_t kept = 0;
	for (size_t i = 0; i < memory->n_telemetry; i++)
		if (memory->telemetry[i].at >= before)
			memory->telemetry[kept++] = memory->telemetry[i];
	memory->n_telemetry = kept;
	return ERR_OK;
}

static uint8_t *memory_mark(void *self)
{
	return ((struct memory *)self)->mark;
}

const struct store_backend store_memory = {
	.scheme = "memory",
	.open = memory_open,
	.close = memory_close,
	.take_epoch = memory_take_epoch,
	.head = memory_head,
	.append = memory_append,
	.read = memory_read,
	.key_get = memory_key_get,
	.keys_put = memory_keys_put,
	.keys_erase = memory_keys_erase,
	.snapshot_put = memory_snapshot_put,
	.snapshot_get = memory_snapshot_get,
	.value_put = memory_value_put,
	.value_get = memory_value_get,
	.telemetry = memory_telemetry,
	.telemetry_forget = memory_telemetry_forget,
	.mark = memory_mark,
};
