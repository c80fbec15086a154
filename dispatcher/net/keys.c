#include "keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#define FILE_MAX 512
#define HEAD "zubringer curve key 1\n"

static int fail(struct err_detail *detail, int code, const char *path, const char *what)
{
	return err_set(detail, code, "%s: %s: %s", path, what, errno ? strerror(errno) : err_text(code));
}

int keys_valid(const char *text)
{
	uint8_t bytes[32];

	return strnlen(text, KEYS_TEXT) == KEYS_TEXT - 1 && zmq_z85_decode(bytes, text) != NULL;
}

/* The whole file as text. ERR_NOT_FOUND, ERR_IO, ERR_DENIED when `secret` and others may read it. */
static int read_text(const char *path, int secret, char *ret_text, struct err_detail *detail)
{
	struct stat status;
	ssize_t n = -1;
	int fd;

	errno = 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(detail, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, path, "cannot open");
	if (fstat(fd, &status) == 0)
		n = read(fd, ret_text, FILE_MAX - 1);
	close(fd);
	if (n < 0)
		return fail(detail, ERR_IO, path, "cannot read");
	ret_text[n] = '\0';
	if (secret && (status.st_mode & 077))
		return err_set(detail, ERR_DENIED, "%s: mode %03o, expected 600: others may read the secret key", path,
			       (unsigned)status.st_mode & 0777);
	return ERR_OK;
}

int keys_read_public(const char *path, char ret_public[KEYS_TEXT], struct err_detail *detail)
{
	char text[FILE_MAX];
	int rc = read_text(path, 0, text, detail);

	if (rc)
		return rc;
	text[strcspn(text, " \r\n")] = '\0';
	if (!keys_valid(text))
		return err_set(detail, ERR_FORMAT, "%s: expected one line of 40 Z85 characters", path);
	memcpy(ret_public, text, KEYS_TEXT);
	return ERR_OK;
}

static int read_pair(const char *path, char ret_public[KEYS_TEXT], char ret_secret[KEYS_TEXT],
		     struct err_detail *detail)
{
	char text[FILE_MAX], public_key[KEYS_TEXT] = "", secret_key[KEYS_TEXT] = "", derived[KEYS_TEXT];
	int rc = read_text(path, 1, text, detail);

	if (rc)
		return rc;
	if (strncmp(text, HEAD, strlen(HEAD)) != 0 ||
	    sscanf(text + strlen(HEAD), "public %40s\nsecret %40s", public_key, secret_key) != 2 ||
	    !keys_valid(public_key) || !keys_valid(secret_key))
		return err_set(detail, ERR_FORMAT, "%s: expected \"zubringer curve key 1\" and two lines of keys",
			       path);
	if (zmq_curve_public(derived, secret_key) != 0 || strcmp(derived, public_key) != 0)
		return err_set(detail, ERR_FORMAT, "%s: the public key does not belong to the secret one", path);
	memcpy(ret_public, public_key, KEYS_TEXT);
	memcpy(ret_secret, secret_key, KEYS_TEXT);
	return ERR_OK;
}

/* Writes and syncs a new file; removes it when that fails. */
static int write_new(const char *path, mode_t mode, const char *text, struct err_detail *detail)
{
	size_t n = strlen(text);
	int fd, bad;

	errno = 0;
	unlink(path); /* left over from a crash */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return fail(detail, ERR_IO, path, "cannot create");
	bad = write(fd, text, n) != (ssize_t)n || fsync(fd) != 0;
	bad |= close(fd) != 0;
	if (!bad)
		return ERR_OK;
	fail(detail, ERR_IO, path, "cannot write");
	unlink(path);
	return ERR_IO;
}

static int path_with(char *out, size_t size, const char *path, const char *end, struct err_detail *detail)
{
	int n = snprintf(out, size, "%s%s", path, end);

	return n > 0 && (size_t)n < size ? ERR_OK : err_set(detail, ERR_USAGE, "%s: path too long", path);
}

static void sync_folder(const char *path)
{
	char folder[4096];
	const char *slash = strrchr(path, '/');
	int n = slash ? snprintf(folder, sizeof folder, "%.*s", (int)(slash - path + 1), path)
		      : snprintf(folder, sizeof folder, ".");
	int fd = n > 0 && (size_t)n < sizeof folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	(void)fsync(fd); /* some file systems cannot; the file itself is synced */
	close(fd);
}

/* Made under another name and then linked: whoever comes first wins, and nobody sees half a file. */
static int make_pair(const char *path, struct err_detail *detail)
{
	char public_key[KEYS_TEXT], secret_key[KEYS_TEXT], text[FILE_MAX], temporary[4096], end[64];
	int rc;

	if (zmq_curve_keypair(public_key, secret_key) != 0)
		return fail(detail, ERR_UNAVAILABLE, path, "no CURVE in libzmq");
	snprintf(end, sizeof end, ".%ld.tmp", (long)getpid());
	snprintf(text, sizeof text, HEAD "public %s\nsecret %s\n", public_key, secret_key);
	rc = path_with(temporary, sizeof temporary, path, end, detail);
	if (!rc)
		rc = write_new(temporary, 0600, text, detail);
	if (rc)
		return rc;
	if (link(temporary, path) != 0 && errno != EEXIST)
		rc = fail(detail, ERR_IO, path, "cannot create");
	unlink(temporary);
	sync_folder(path);
	return rc;
}

static int write_public(const char *path, const char *public_key, struct err_detail *detail)
{
	char name[4096], temporary[4096], end[64], text[KEYS_TEXT + 1], known[KEYS_TEXT];
	int rc = path_with(name, sizeof name, path, ".pub", detail);

	if (!rc && keys_read_public(name, known, NULL) == ERR_OK && strcmp(known, public_key) == 0)
		return ERR_OK;
	snprintf(end, sizeof end, ".pub.%ld.tmp", (long)getpid());
	snprintf(text, sizeof text, "%s\n", public_key);
	if (!rc)
		rc = path_with(temporary, sizeof temporary, path, end, detail);
	if (!rc)
		rc = write_new(temporary, 0644, text, detail);
	if (!rc && rename(temporary, name) != 0)
		rc = fail(detail, ERR_IO, name, "cannot rename");
	return rc;
}

int link_keys(const char *path, char ret_public[KEYS_TEXT], char ret_secret[KEYS_TEXT], struct err_detail *detail)
{
	int rc = read_pair(path, ret_public, ret_secret, detail);

	if (rc == ERR_NOT_FOUND) {
		rc = make_pair(path, detail);
		if (!rc)
			rc = read_pair(path, ret_public, ret_secret, detail);
	}
	return rc ? rc : write_public(path, ret_public, detail);
}
