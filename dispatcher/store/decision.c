#include "decision.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "yaml.h"

#define CONTEXT "zubringer decision 1\n"
#define KEY_HEAD "zubringer decision key 1"
#define KEY_FILE_MAX 512
#define SIGNED_MAX (sizeof CONTEXT + 128 + DECISION_NAME_MAX + DECISION_WHY_MAX)

_Static_assert(DECISION_SECRET_BYTES == crypto_sign_SECRETKEYBYTES, "Ed25519");
_Static_assert(DECISION_KEY_BYTES == crypto_sign_PUBLICKEYBYTES, "Ed25519");
_Static_assert(DECISION_SIGNATURE_BYTES == crypto_sign_BYTES, "Ed25519");

/* ---- what is signed ---- */

static uint8_t *put(uint8_t *at, int width, uint64_t value)
{
	for (int i = 0; i < width; i++)
		at[i] = (uint8_t)(value >> (8 * i));
	return at + width;
}

static uint8_t *put_bytes(uint8_t *at, const void *bytes, size_t n)
{
	memcpy(at, bytes, n);
	return at + n;
}

/* Lengths before texts: no two decisions have the same bytes. */
static size_t signed_bytes(const struct decision *decision, uint8_t bytes[SIGNED_MAX])
{
	size_t n_by = strlen(decision->by), n_why = strlen(decision->why);
	uint8_t *at = put_bytes(bytes, CONTEXT, sizeof CONTEXT - 1);
	at = put(at, 1, decision->kind);
	at = put(at, 4, decision->area);
	at = put(at, 4, decision->epoch);
	at = put(at, 8, decision->subject);
	at = put_bytes(at, decision->hash, sizeof decision->hash);
	at = put(at, 8, (uint64_t)decision->at);
	at = put(at, 4, n_by);
	at = put_bytes(at, decision->by, n_by);
	at = put(at, 4, n_why);
	at = put_bytes(at, decision->why, n_why);
	return (size_t)(at - bytes);
}

int decision_sign(struct decision *decision, const uint8_t secret[DECISION_SECRET_BYTES], struct err_detail *detail)
{
	uint8_t bytes[SIGNED_MAX];
	if (!decision->subject || !decision->by[0] || !decision->why[0])
		return err_set(detail, ERR_RANGE, "decision: names its subject, who decides and why");
	json_t *texts[] = {json_string(decision->by), json_string(decision->why)};
	int is_text = texts[0] && texts[1];
	json_decref(texts[0]);
	json_decref(texts[1]);
	if (!is_text)
		return err_set(detail, ERR_FORMAT, "decision: name and reason must be UTF-8 text");
	if (sodium_init() < 0)
		return err_set(detail, ERR_UNAVAILABLE, "decision: libsodium does not start");
	crypto_sign_ed25519_sk_to_pk(decision->key, secret);
	crypto_sign_detached(decision->signature, NULL, bytes, signed_bytes(decision, bytes), secret);
	return ERR_OK;
}

/* ---- JSON ---- */

static const char *const subjects[DECISION_KINDS] = {
	[DECISION_SKIP] = "skip", [DECISION_ERASE] = "erase", [DECISION_ERASE_BEFORE] = "erase_before"};

static json_t *hex(const uint8_t *bytes, size_t n)
{
	char text[2 * DECISION_SIGNATURE_BYTES + 1];
	return json_string(sodium_bin2hex(text, 2 * n + 1, bytes, n));
}

char *decision_text(const struct decision *decision)
{
	char subject[24]; /* rides use all 64 bits */
	snprintf(subject, sizeof subject, "%" PRIu64, decision->subject);
	json_t *json = json_pack("{s:s, s:o, s:I, s:I, s:s, s:s, s:I, s:o, s:o}", subjects[decision->kind], subject,
				 "hash", hex(decision->hash, sizeof decision->hash), "area", (json_int_t)decision->area,
				 "epoch", (json_int_t)decision->epoch, "by", decision->by, "why", decision->why, "at",
				 (json_int_t)decision->at, "key", hex(decision->key, sizeof decision->key), "signature",
				 hex(decision->signature, sizeof decision->signature));
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	return text;
}

static int unhex(const char *text, uint8_t *bytes, size_t n)
{
	size_t length = 0;
	return strlen(text) == 2 * n && !sodium_hex2bin(bytes, n, text, 2 * n, NULL, &length, NULL) && length == n;
}

static int copy_text(char *out, size_t size, const char *text)
{
	size_t n = strlen(text);
	if (!n || n >= size)
		return ERR_RANGE;
	memcpy(out, text, n + 1);
	return ERR_OK;
}

static int read_subject(const char *text, uint64_t *ret_subject)
{
	char *end;
	errno = 0;
	*ret_subject = strtoull(text, &end, 10);
	return errno || *end || text[0] < '1' || text[0] > '9' ? ERR_RANGE : ERR_OK;
}

static int read_fields(struct decision *decision, json_t *root, struct err_detail *detail)
{
	json_error_t error;
	json_int_t area = 0, epoch = 0, at = 0;
	const char *subject = "", *hash = "", *by = "", *why = "", *key = "", *signature = "";
	for (decision->kind = DECISION_KINDS - 1; decision->kind > DECISION_SKIP; decision->kind--)
		if (json_object_get(root, subjects[decision->kind]))
			break;
	if (json_unpack_ex(root, &error, JSON_STRICT, "{s:s, s:s, s:I, s:I, s:s, s:s, s:I, s:s, s:s}",
			   subjects[decision->kind], &subject, "hash", &hash, "area", &area, "epoch", &epoch, "by", &by,
			   "why", &why, "at", &at, "key", &key, "signature", &signature))
		return err_set(detail, ERR_FORMAT,
			       "decision: %s; expected skip, erase or erase_before, hash, area, epoch, by, why, "
			       "at, key, signature",
			       error.text);
	if (read_subject(subject, &decision->subject) || area < 0 || area > UINT32_MAX || epoch < 0 ||
	    epoch > UINT32_MAX || copy_text(decision->by, sizeof decision->by, by) ||
	    copy_text(decision->why, sizeof decision->why, why))
		return err_set(detail, ERR_RANGE, "decision: names its subject, who decides and why");
	if (!unhex(hash, decision->hash, sizeof decision->hash) || !unhex(key, decision->key, sizeof decision->key) ||
	    !unhex(signature, decision->signature, sizeof decision->signature))
		return err_set(detail, ERR_FORMAT, "decision: hash, key and signature: expected hexadecimal digits");
	decision->area = (uint32_t)area;
	decision->epoch = (uint32_t)epoch;
	decision->at = at;
	return ERR_OK;
}

int decision_read(struct decision *ret_decision, const void *json, size_t n, struct err_detail *detail)
{
	json_error_t error;
	struct decision decision = {0};
	uint8_t bytes[SIGNED_MAX];
	json_t *root = json_loadb(json, n, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		return err_set(detail, ERR_FORMAT, "decision: column %d: %s", error.column, error.text);
	int code = read_fields(&decision, root, detail);
	json_decref(root);
	if (!code && sodium_init() < 0)
		code = err_set(detail, ERR_UNAVAILABLE, "decision: libsodium does not start");
	if (!code &&
	    crypto_sign_verify_detached(decision.signature, bytes, signed_bytes(&decision, bytes), decision.key))
		code = err_set(detail, ERR_DENIED, "decision of %s: its signature does not fit", decision.by);
	if (!code)
		*ret_decision = decision;
	return code;
}

/* ---- who may decide ---- */

#define ROW(name, type, high, fallback, field)                                   \
	{                                                                        \
		name, type, 0, high, fallback, offsetof(struct list_row, field), \
			sizeof(((struct list_row *)0)->field), 0, ""             \
	}
struct list_row {
	char name[DECISION_NAME_MAX], key[DECISION_HEX_MAX];
	int64_t retired;
};
static const struct yaml_setting list_table[] = {
	ROW("name", YAML_TEXT, 1, "", name),
	ROW("key", YAML_TEXT, 1, "", key),
	ROW("retired", YAML_BOOL, 1, "false", retired),
};

static int read_decider(const struct yaml *yaml, struct fy_node *node, struct deciders *deciders,
			struct err_detail *detail)
{
	struct list_row row;
	struct decider *decider = &deciders->people[deciders->n];
	yaml_defaults(list_table, COUNT_OF(list_table), &row);
	int code = yaml_read_settings(yaml, node, list_table, COUNT_OF(list_table), &row, NULL, 0, detail);
	if (code)
		return code;
	if (!row.name[0] || !unhex(row.key, decider->key, sizeof decider->key))
		return yaml_fail(yaml, node, ERR_FORMAT, detail,
				 "somebody who may decide needs name and key (64 hexadecimal digits)");
	for (uint32_t i = 0; i < deciders->n; i++)
		if (!memcmp(deciders->people[i].key, decider->key, sizeof decider->key))
			return yaml_fail(yaml, node, ERR_EXISTS, detail, "%s: this key stands twice", row.name);
	memcpy(decider->name, row.name, sizeof decider->name);
	decider->retired = (uint8_t)row.retired;
	deciders->n++;
	return ERR_OK;
}

static int read_list(const struct yaml *yaml, struct deciders *deciders, struct err_detail *detail)
{
	static const char *const keys[] = {"deciders"};
	int code = yaml_keys(yaml, yaml_root(yaml), keys, 1, detail);
	struct fy_node *list = yaml_get(yaml_root(yaml), "deciders");
	uint32_t n = yaml_count(list);
	if (!code && n > DECIDERS_MAX)
		code = yaml_fail(yaml, list, ERR_FULL, detail, "more than %d people", DECIDERS_MAX);
	for (uint32_t i = 0; i < n && !code; i++)
		code = read_decider(yaml, yaml_item(list, i), deciders, detail);
	return code;
}

int deciders_read(struct deciders *ret_deciders, const char *path, struct err_detail *detail)
{
	struct yaml *yaml;
	memset(ret_deciders, 0, sizeof *ret_deciders);
	snprintf(ret_deciders->path, sizeof ret_deciders->path, "%s", path);
	if (access(path, F_OK) && errno == ENOENT)
		return ERR_OK;
	int code = yaml_open(&yaml, path, detail);
	if (code)
		return code;
	code = read_list(yaml, ret_deciders, detail);
	yaml_close(yaml);
	return code;
}

int deciders_allow(const struct deciders *deciders, const struct decision *decision, int now, struct err_detail *detail)
{
	for (uint32_t i = 0; i < deciders->n; i++) {
		const struct decider *decider = &deciders->people[i];
		if (strcmp(decider->name, decision->by) || memcmp(decider->key, decision->key, sizeof decision->key) ||
		    (now && decider->retired))
			continue;
		return ERR_OK;
	}
	return err_set(detail, ERR_DENIED, "decision of %s: %s does not list this name with this key%s", decision->by,
		       deciders->path, now ? " as one who may decide" : "");
}

/* ---- key files ---- */

void decision_key_hex(const uint8_t secret[DECISION_SECRET_BYTES], char ret_hex[DECISION_HEX_MAX])
{
	uint8_t key[DECISION_KEY_BYTES];
	crypto_sign_ed25519_sk_to_pk(key, secret);
	sodium_bin2hex(ret_hex, DECISION_HEX_MAX, key, sizeof key);
}

static int fail(struct err_detail *detail, const char *path, const char *what)
{
	int code = errno == EEXIST ? ERR_EXISTS : errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	return err_set(detail, code, "%s: %s: %s", path, what, strerror(errno));
}

static int write_all(int fd, const char *text)
{
	size_t n = strlen(text);
	int bad = write(fd, text, n) != (ssize_t)n || fsync(fd);
	return close(fd) || bad;
}

int decision_key_make(const char *path, const char *name, struct err_detail *detail)
{
	uint8_t key[DECISION_KEY_BYTES], secret[DECISION_SECRET_BYTES];
	char secret_hex[2 * DECISION_SECRET_BYTES + 1], text[KEY_FILE_MAX];
	size_t n = strlen(name);
	if (!n || n >= DECISION_NAME_MAX || strpbrk(name, "\r\n\"\\"))
		return err_set(detail, ERR_RANGE, "a name has 1 to %d bytes on one line, without quotes",
			       DECISION_NAME_MAX - 1);
	if (sodium_init() < 0)
		return err_set(detail, ERR_UNAVAILABLE, "libsodium does not start");
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(detail, path, "cannot create");
	crypto_sign_keypair(key, secret);
	sodium_bin2hex(secret_hex, sizeof secret_hex, secret, sizeof secret);
	snprintf(text, sizeof text, KEY_HEAD "\nname %s\nsecret %s\n", name, secret_hex);
	int bad = write_all(fd, text);
	if (bad) {
		fail(detail, path, "cannot write");
		unlink(path);
	}
	sodium_memzero(secret, sizeof secret);
	sodium_memzero(secret_hex, sizeof secret_hex);
	sodium_memzero(text, sizeof text);
	return bad ? ERR_IO : ERR_OK;
}

int decision_key_parse(const char *path, const char *text, char ret_name[DECISION_NAME_MAX],
		       uint8_t ret_secret[DECISION_SECRET_BYTES], struct err_detail *detail)
{
	char name[DECISION_NAME_MAX] = "", secret_hex[2 * DECISION_SECRET_BYTES + 1] = "";
	uint8_t secret[DECISION_SECRET_BYTES], seed[crypto_sign_SEEDBYTES], key[DECISION_KEY_BYTES],
		again[DECISION_SECRET_BYTES];
	if (sscanf(text, KEY_HEAD "\nname %63[^\n]\nsecret %128s", name, secret_hex) != 2 ||
	    !unhex(secret_hex, secret, sizeof secret))
		return err_set(detail, ERR_FORMAT, "%s: expected \"" KEY_HEAD "\", a name and a secret key", path);
	/* the second half of a secret is its public key: one that was tampered with would give the secret away */
	crypto_sign_ed25519_sk_to_seed(seed, secret);
	crypto_sign_seed_keypair(key, again, seed);
	int right = !memcmp(again, secret, sizeof secret);
	if (right) {
		memcpy(ret_name, name, sizeof name);
		memcpy(ret_secret, secret, sizeof secret);
	}
	sodium_memzero(secret, sizeof secret);
	sodium_memzero(again, sizeof again);
	sodium_memzero(seed, sizeof seed);
	return right ? ERR_OK : err_set(detail, ERR_FORMAT, "%s: its two keys do not belong together", path);
}

int decision_key_read(const char *path, char ret_name[DECISION_NAME_MAX], uint8_t ret_secret[DECISION_SECRET_BYTES],
		      struct err_detail *detail)
{
	char text[KEY_FILE_MAX];
	struct stat status;
	ssize_t n = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(detail, path, "cannot open");
	if (!fstat(fd, &status))
		n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n < 0)
		return fail(detail, path, "cannot read");
	if (status.st_mode & 077)
		return err_set(detail, ERR_DENIED, "%s: mode %03o, expected 600: others may read the secret key", path,
			       (unsigned)status.st_mode & 0777u);
	text[n] = '\0';
	int code = sodium_init() < 0 ? err_set(detail, ERR_UNAVAILABLE, "libsodium does not start")
				     : decision_key_parse(path, text, ret_name, ret_secret, detail);
	sodium_memzero(text, sizeof text);
	return code;
}
