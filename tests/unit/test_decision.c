// link: zub_store PkgConfig::libsodium
/* Signed decisions: what is signed is what is read, and nothing else; who may decide; key files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "decision.h"

static uint8_t secret[DECISION_SECRET_BYTES], key[DECISION_KEY_BYTES];
static char folder[] = "/tmp/zub-decision-XXXXXX";

static struct decision signed_one(void)
{
	struct err_detail detail;
	struct decision decision = {.kind = DECISION_ERASE,
				    .area = 3,
				    .epoch = 4000000000u,
				    .subject = UINT64_MAX,
				    .hash = {1, 2, 3},
				    .at = 1780466400123};
	strcpy(decision.by, "Änne \"Ada\" Ö");
	strcpy(decision.why, "asked for by the rider");
	assert_int_equal(decision_sign(&decision, secret, &detail), ERR_OK);
	return decision;
}

static void what_is_signed_is_read_again(void **state)
{
	(void)state;
	struct decision decision = signed_one(), read;
	struct err_detail detail;
	char *text = decision_text(&decision);
	if (decision_read(&read, text, strlen(text), &detail))
		fail_msg("%s: %s", text, detail.text);
	assert_int_equal(read.subject, UINT64_MAX);
	assert_int_equal(read.kind, DECISION_ERASE);
	assert_string_equal(read.by, decision.by);
	assert_memory_equal(read.hash, decision.hash, sizeof read.hash);
	assert_memory_equal(read.key, key, sizeof read.key);
	free(text);
}

/* Each byte of the text, changed to something else, makes it unreadable or not what was signed. */
static void nothing_can_be_changed(void **state)
{
	(void)state;
	struct decision decision = signed_one(), read;
	struct err_detail detail;
	char *text = decision_text(&decision);
	size_t n = strlen(text);
	for (size_t i = 0; i < n; i++) {
		char before = text[i];
		text[i] = before == '7' ? '8' : '7';
		int code = decision_read(&read, text, n, &detail);
		if (!code)
			fail_msg("byte %zu: %s", i, text);
		assert_true(code == ERR_DENIED || code == ERR_FORMAT || code == ERR_RANGE);
		text[i] = before;
	}
	for (size_t i = 0; i < n; i++)
		assert_int_not_equal(decision_read(&read, text, i, &detail), ERR_OK);
	free(text);
}

static void fields_that_would_mean_the_same_bytes(void **state)
{
	(void)state;
	struct decision decision = signed_one();
	struct err_detail detail;
	struct decision read;
	/* a letter moves from the reason to the name */
	strcat(decision.by, "a");
	memmove(decision.why, decision.why + 1, strlen(decision.why));
	char *text = decision_text(&decision);
	assert_int_equal(decision_read(&read, text, strlen(text), &detail), ERR_DENIED);
	free(text);
	decision = signed_one();
	decision.kind = DECISION_SKIP;
	text = decision_text(&decision);
	assert_int_equal(decision_read(&read, text, strlen(text), &detail), ERR_DENIED);
	free(text);
	strcpy(decision.why, "\xff");
	assert_int_equal(decision_sign(&decision, secret, &detail), ERR_FORMAT);
	decision.why[0] = 0;
	assert_int_equal(decision_sign(&decision, secret, &detail), ERR_RANGE);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void who_may_decide(void **state)
{
	(void)state;
	static struct deciders deciders;
	struct err_detail detail;
	struct decision decision = signed_one();
	char path[64], text[512], hex[DECISION_HEX_MAX];
	snprintf(path, sizeof path, "%s/deciders.yaml", folder);
	assert_int_equal(deciders_read(&deciders, path, &detail), ERR_OK); /* no file: nobody */
	assert_int_equal(deciders.n, 0);
	assert_int_equal(deciders_allow(&deciders, &decision, 0, &detail), ERR_DENIED);

	decision_key_hex(secret, hex);
	strcpy(decision.by, "Ada");
	snprintf(text, sizeof text, "deciders:\n  - {name: Ada, key: %s, retired: true}\n", hex);
	write_file(path, text);
	assert_int_equal(deciders_read(&deciders, path, &detail), ERR_OK);
	assert_int_equal(deciders_allow(&deciders, &decision, 0, &detail), ERR_OK);
	assert_int_equal(deciders_allow(&deciders, &decision, 1, &detail), ERR_DENIED);
	strcpy(decision.by, "Bob"); /* Ada's key under another name */
	assert_int_equal(deciders_allow(&deciders, &decision, 0, &detail), ERR_DENIED);

	snprintf(text, sizeof text, "deciders:\n  - {name: A, key: %s}\n  - {name: B, key: %s}\n", hex, hex);
	write_file(path, text);
	assert_int_equal(deciders_read(&deciders, path, &detail), ERR_EXISTS);
	assert_non_null(strstr(detail.text, ":3:"));
	write_file(path, "deciders:\n  - {name: A, key: 12}\n");
	assert_int_equal(deciders_read(&deciders, path, &detail), ERR_FORMAT);
	write_file(path, "people: []\n");
	assert_int_equal(deciders_read(&deciders, path, &detail), ERR_FORMAT);
}

static void key_files(void **state)
{
	(void)state;
	char path[64], name[DECISION_NAME_MAX], text[512];
	uint8_t read[DECISION_SECRET_BYTES];
	struct err_detail detail;
	struct stat status;
	snprintf(path, sizeof path, "%s/key", folder);
	assert_int_equal(decision_key_read(path, name, read, &detail), ERR_NOT_FOUND);
	assert_int_equal(decision_key_make(path, "", &detail), ERR_RANGE);
	assert_int_equal(decision_key_make(path, "two\nlines", &detail), ERR_RANGE);
	assert_int_equal(decision_key_make(path, "Ada Lovelace", &detail), ERR_OK);
	assert_int_equal(decision_key_make(path, "Ada Lovelace", &detail), ERR_EXISTS);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(decision_key_read(path, name, read, &detail), ERR_OK);
	assert_string_equal(name, "Ada Lovelace");
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(decision_key_read(path, name, read, &detail), ERR_DENIED);
	assert_int_equal(chmod(path, 0600), 0);

	/* a public half that is not of this secret would give it away with the first signature */
	char hex[2 * DECISION_SECRET_BYTES + 1];
	read[DECISION_SECRET_BYTES - 1] ^= 1;
	sodium_bin2hex(hex, sizeof hex, read, sizeof read);
	snprintf(text, sizeof text, "zubringer decision key 1\nname Ada\nsecret %s\n", hex);
	write_file(path, text);
	assert_int_equal(decision_key_read(path, name, read, &detail), ERR_FORMAT);
	write_file(path, "zubringer decision key 1\nname Ada\nsecret 12\n");
	assert_int_equal(decision_key_read(path, name, read, &detail), ERR_FORMAT);
}

static int begin(void **state)
{
	(void)state;
	if (sodium_init() < 0 || !mkdtemp(folder))
		return -1;
	crypto_sign_keypair(key, secret);
	return 0;
}

static int finish(void **state)
{
	(void)state;
	char path[64];
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, i ? "key" : "deciders.yaml");
		unlink(path);
	}
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_signed_is_read_again),
		cmocka_unit_test(nothing_can_be_changed),
		cmocka_unit_test(fields_that_would_mean_the_same_bytes),
		cmocka_unit_test(who_may_decide),
		cmocka_unit_test(key_files),
	};
	return cmocka_run_group_tests(tests, begin, finish);
}
