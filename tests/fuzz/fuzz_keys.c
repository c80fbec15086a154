// link: zub_keys zub_store PkgConfig::libsodium
/* Key files: the link's pair and its public half, the key of somebody who decides. No file of hostile bytes is one. */
#include <sodium.h>

#include "decision.h"
#include "fuzz_file.h"
#include "keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err_detail detail = {""};
	char public_key[KEYS_TEXT], secret_key[KEYS_TEXT], name[DECISION_NAME_MAX];
	uint8_t secret[DECISION_SECRET_BYTES];
	struct fuzz_file file = fuzz_file(data, size);
	if (sodium_init() < 0)
		__builtin_trap();
	fuzz_refused(link_keys(file.path, public_key, secret_key, &detail), &detail);
	detail.text[0] = 0;
	int code = keys_read_public(file.path, public_key, &detail);
	fuzz_refused(code, &detail);
	if (!code && !keys_valid(public_key))
		__builtin_trap();
	detail.text[0] = 0;
	code = decision_key_read(file.path, name, secret, &detail);
	fuzz_refused(code, &detail);
	if (!code && (!name[0] || !memchr(name, 0, sizeof name)))
		__builtin_trap();
	close(file.fd);
	return 0;
}
