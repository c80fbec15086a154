// link: zub_store
/* Signed decisions as they stand in the journal, and the list of who may decide (a leading 'y'). */
#include <stdlib.h>

#include "decision.h"
#include "fuzz_file.h"
#include "fyaml_leak.h"

static void list(const uint8_t *data, size_t size)
{
	static struct deciders deciders;
	struct err_detail detail = {""};
	struct fuzz_file file = fuzz_file(data, size);
	int code = deciders_read(&deciders, file.path, &detail);
	fuzz_refused(code, &detail);
	for (uint32_t i = 0; !code && i < deciders.n; i++)
		if (!deciders.people[i].name[0] || !memchr(deciders.people[i].name, 0, DECISION_NAME_MAX))
			__builtin_trap();
	close(file.fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err_detail detail = {""};
	struct decision decision, again;
	if (size && data[0] == 'y') {
		list(data + 1, size - 1);
		return 0;
	}
	int code = decision_read(&decision, data, size, &detail);
	fuzz_refused(code, &detail);
	if (!code) { /* only what somebody signed: the seed, written in other words */
		char *text = decision_text(&decision);
		if (!text || decision_read(&again, text, strlen(text), &detail) ||
		    memcmp(&decision, &again, sizeof again))
			__builtin_trap();
		free(text);
	}
	return 0;
}
