#pragma once
/* The fuzzer's bytes as a file that lies in memory, for readers that want a path; what each reader owes: one clear line
 * when it refuses. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"

struct fuzz_file {
	int fd;
	char path[32];
};

static inline struct fuzz_file fuzz_file(const uint8_t *data, size_t size)
{
	struct fuzz_file file = {.fd = memfd_create("fuzz", 0)};
	if (file.fd < 0 || (size && write(file.fd, data, size) != (ssize_t)size) || fchmod(file.fd, 0600))
		__builtin_trap();
	snprintf(file.path, sizeof file.path, "/proc/self/fd/%d", file.fd);
	return file;
}

static inline void fuzz_refused(int code, const struct err_detail *detail)
{
	if (code && (!detail->text[0] || strchr(detail->text, '\n')))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
