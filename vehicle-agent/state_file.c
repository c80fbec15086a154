#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "hash.h"

#define MAGIC "ZUBVEHC\n"
#define FILE_VERSION 1
#define HEAD_BYTES 32 /* magic 8, version 8, length 8, checksum 8 */

static int fail(struct err_detail *detail, const char *path, const char *what)
{
	int code = errno == ENOENT ? ERR_NOT_FOUND : errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_IO;

	return err_set(detail, code, "%s: %s: %s", path, what, strerror(errno));
}

static void put_u64(uint8_t *out, uint64_t value)
{
	for (unsigned i = 0; i < 8; i++)
		out[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get_u64(const uint8_t *in)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 8; i++)
		value |= (uint64_t)in[i] << (8 * i);
	return value;
}

static int read_all(int fd, void *bytes, size_t size, size_t *ret_n)
{
	size_t n = 0;

	while (n < size) {
		ssize_t got = read(fd, (char *)bytes + n, size - n);
		if (got < 0 && errno != EINTR)
			return -1;
		if (got == 0)
			break;
		n += got > 0 ? (size_t)got : 0;
	}
	*ret_n = n;
	return 0;
}

static int write_all(int fd, const void *bytes, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t put = write(fd, (const char *)bytes + done, n - done);
		if (put < 0 && errno != EINTR)
			return -1;
		done += put > 0 ? (size_t)put : 0;
	}
	return 0;
}

static int check_head(const uint8_t *head, size_t n_head, size_t size, const char *path, struct err_detail *detail)
{
	if (n_head < HEAD_BYTES)
		return err_set(detail, ERR_TRUNCATED, "%s: %zu bytes, expected a head of %d", path, n_head, HEAD_BYTES);
	if (memcmp(head, MAGIC, 8) != 0)
		return err_set(detail, ERR_FORMAT, "%s: not the state of a vehicle", path);
	if (get_u64(head + 8) != FILE_VERSION)
		return err_set(detail, ERR_VERSION, "%s: version %llu, expected %d", path,
			       (unsigned long long)get_u64(head + 8), FILE_VERSION);
	if (get_u64(head + 16) > size)
		return err_set(detail, ERR_FULL, "%s: %llu bytes, expected at most %zu", path,
			       (unsigned long long)get_u64(head + 16), size);
	return ERR_OK;
}

int state_file_read(const char *path, void *bytes, size_t size, size_t *ret_n, struct err_detail *detail)
{
	uint8_t head[HEAD_BYTES];
	size_t n_head = 0, n = 0;
	int rc, fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fail(detail, path, "cannot open");
	rc = read_all(fd, head, sizeof head, &n_head) ? fail(detail, path, "cannot read")
						      : check_head(head, n_head, size, path, detail);
	if (!rc && read_all(fd, bytes, (size_t)get_u64(head + 16), &n))
		rc = fail(detail, path, "cannot read");
	close(fd);
	if (rc)
		return rc;
	if (n != get_u64(head + 16))
		return err_set(detail, ERR_TRUNCATED, "%s: ends after %zu of %llu bytes", path, n,
			       (unsigned long long)get_u64(head + 16));
	if (hash_bytes(bytes, n, FILE_VERSION) != get_u64(head + 24))
		return err_set(detail, ERR_CHECKSUM, "%s: damaged", path);
	*ret_n = n;
	return ERR_OK;
}

static int sync_folder(const char *path)
{
	char folder[4096];
	const char *slash = strrchr(path, '/');
	int n = slash ? snprintf(folder, sizeof folder, "%.*s", (int)(slash - path + 1), path)
		      : snprintf(folder, sizeof folder, ".");
	int fd, rc;

	if (n < 0 || (size_t)n >= sizeof folder)
		return -1;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

int state_file_write(const char *path, const void *bytes, size_t n, struct err_detail *detail)
{
	uint8_t head[HEAD_BYTES];
	char temporary[4096];
	int fd, bad, length = snprintf(temporary, sizeof temporary, "%s.tmp", path);

	if (length < 0 || (size_t)length >= sizeof temporary)
		return err_set(detail, ERR_USAGE, "%s: path too long", path);
	memcpy(head, MAGIC, 8);
	put_u64(head + 8, FILE_VERSION);
	put_u64(head + 16, n);
	put_u64(head + 24, hash_bytes(bytes, n, FILE_VERSION));
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(detail, temporary, "cannot create");
	bad = write_all(fd, head, sizeof head) || write_all(fd, bytes, n) || fsync(fd) != 0;
	if (bad)
		fail(detail, temporary, "cannot write");
	int code = errno;
	close(fd);
	if (bad)
		return code == ENOSPC || code == EDQUOT ? ERR_DISK_FULL : ERR_IO;
	if (rename(temporary, path) != 0 || sync_folder(path) != 0)
		return fail(detail, path, "cannot replace");
	return ERR_OK;
}

int state_file_lock(const char *path, struct err_detail *detail)
{
	char name[4096];
	int fd, length = snprintf(name, sizeof name, "%s.lock", path);

	if (length < 0 || (size_t)length >= sizeof name)
		return err_set(detail, ERR_USAGE, "%s: path too long", path);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(detail, name, "cannot create");
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		return err_set(detail, ERR_BUSY, "%s: another vehicle-agent runs with this state", path);
	}
	return ERR_OK; /* the kernel gives it back when the process ends */
}
