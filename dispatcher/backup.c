/* `dispatcher backup FILE` and `dispatcher restore FILE`.
 *
 * A backup is three things beside each other, because they deserve different care:
 *   FILE         the journal, sealed: may be kept for as long as the town wishes
 *   FILE.keys    what opens it. Whoever is erased lives on in it: keep it apart, and no longer than people may be told
 *   FILE.state/  what this machine is to others: its key, tokens, who may decide, the town files that the journal names
 * Settings and fleet file are configuration and not part of it. A journal on PostgreSQL is backed up with pg_dump,
 * first its schema, then the one of the keys (README.md).
 *
 * What was restored has forgotten everything since. The epoch it takes is above all that vehicles have seen, so that
 * they obey it; what they did meanwhile they tell by themselves, riders aboard first. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array.h"
#include "clock.h"
#include "desk.h"

#define PATH_BYTES 1024

static const char *const state_files[] = {"dispatcher.key", "dispatcher.key.pub", "operator.token",
					  "operator.token.key", "deciders.yaml"};

static int join(char *path, const char *folder, const char *between, const char *name, struct err_detail *detail)
{
	int n = snprintf(path, PATH_BYTES, "%s%s%s", folder, between, name);
	return n < 0 || n >= PATH_BYTES ? err_set(detail, ERR_RANGE, "%.100s...: path too long", folder) : ERR_OK;
}

static int failed(const char *path, struct err_detail *detail)
{
	int code = errno == ENOSPC ? ERR_DISK_FULL : errno == EEXIST ? ERR_EXISTS : ERR_IO;
	return err_set(detail, code, "%s: %s", path, strerror(errno));
}

static int make_folder(const char *path, struct err_detail *detail)
{
	return mkdir(path, 0700) && errno != EEXIST ? failed(path, detail) : ERR_OK;
}

/* ---- files ---- */

static int copy_bytes(int in, int out)
{
	char bytes[65536];
	ssize_t n;
	while ((n = read(in, bytes, sizeof bytes)) > 0)
		for (ssize_t done = 0, part; done < n; done += part)
			if ((part = write(out, bytes + done, (size_t)(n - done))) < 0)
				return -1;
	return n < 0 || fsync(out) ? -1 : 0;
}

/* One that is there stays; a source that is not there is nothing to copy. */
static int copy_file(const char *from, const char *to, struct err_detail *detail)
{
	struct stat status;
	int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (in < 0)
		return errno == ENOENT ? ERR_OK : failed(from, detail);
	int out = fstat(in, &status) ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status.st_mode & 0700);
	int code = out >= 0 ? ERR_OK : errno == EEXIST ? ERR_OK : failed(to, detail);
	if (out >= 0 && copy_bytes(in, out)) {
		code = failed(to, detail);
		unlink(to);
	}
	close(in);
	if (out >= 0)
		close(out);
	return code;
}

static int copy_named(const char *from, const char *to, const char *name, struct err_detail *detail)
{
	char a[PATH_BYTES], b[PATH_BYTES];
	int code = join(a, from, "/", name, detail);
	if (!code)
		code = join(b, to, "/", name, detail);
	return code ? code : copy_file(a, b, detail);
}

static int copy_towns(const char *from, const char *to, struct err_detail *detail)
{
	char a[PATH_BYTES], b[PATH_BYTES];
	int code = join(a, from, "/", "towns", detail);
	if (!code)
		code = join(b, to, "/", "towns", detail);
	if (!code)
		code = make_folder(b, detail);
	DIR *folder = code ? NULL : opendir(a);
	if (!code && !folder)
		return errno == ENOENT ? ERR_OK : failed(a, detail);
	for (struct dirent *entry; !code && (entry = readdir(folder));) {
		size_t n = strlen(entry->d_name);
		if (n > 5 && !strcmp(entry->d_name + n - 5, ".zmap"))
			code = copy_named(a, b, entry->d_name, detail);
	}
	if (folder)
		closedir(folder);
	return code;
}

static int copy_state(const char *from, const char *to, struct err_detail *detail)
{
	int code = make_folder(to, detail);
	for (size_t i = 0; i < COUNT_OF(state_files) && !code; i++)
		code = copy_named(from, to, state_files[i], detail);
	return code ? code : copy_towns(from, to, detail);
}

/* ---- backup ---- */

static int back_up(struct store *store, const struct options *options, struct err_detail *detail)
{
	char state[PATH_BYTES];
	uint8_t hash[STORE_HASH_BYTES];
	uint64_t sequence = 0, digest;
	struct store *copy;
	char url[PATH_BYTES];
	int code = join(state, options->file, "", ".state", detail);
	if (!code && !access(state, F_OK))
		code = err_set(detail, ERR_EXISTS, "%s: is there already", state);
	if (!code)
		code = store_copy(store, options->file, detail);
	if (!code)
		code = copy_state(options->settings.state_folder, state, detail);
	if (!code)
		code = join(url, "sqlite:", "", options->file, detail);
	if (!code)
		code = store_open_read(&copy, url, detail);
	if (code)
		return code;
	code = store_head(copy, &sequence, hash, &digest, detail);
	store_close(copy);
	if (!code)
		printf("%s: journal up to record %" PRIu64 "; %s.keys opens it: keep that apart, and no longer than "
		       "people may be told; %s has this machine's keys, tokens and towns\n",
		       options->file, sequence, options->file, state);
	return code;
}

int backup_command(const struct options *options)
{
	struct err_detail detail = {""};
	struct store *store;
	if (!options->file) {
		fputs("dispatcher backup: FILE is needed\n", stderr);
		return 2;
	}
	int code = store_open_read(&store, options->settings.store, &detail);
	if (code)
		return tools_fail(&detail, 1);
	code = back_up(store, options, &detail);
	store_close(store);
	if (code == ERR_UNAVAILABLE)
		fputs("dispatcher: for PostgreSQL: pg_dump -Fc --schema=NAME, then pg_dump -Fc --schema=NAME_keys; see "
		      "README.md\n",
		      stderr);
	return code ? tools_fail(&detail, 1) : 0;
}

/* ---- restore ---- */

/* Nothing of another journal may lie where it goes: leftovers would be taken for its own. */
static int target_of(const struct settings *settings, const char **ret_path, struct err_detail *detail)
{
	static const char *const suffixes[] = {"",	    "-wal",	 "-shm",  "-journal",  ".keys",
					       ".keys-wal", ".keys-shm", ".mark", ".telemetry"};
	const char *path = settings->store;
	char name[PATH_BYTES];
	int code = ERR_OK;
	*ret_path = path + (!strncmp(path, "sqlite:", 7) ? 7 : 0);
	if (!strncmp(path, "postgresql:", 11) || !strncmp(path, "memory:", 7) || strchr(path, '?'))
		return err_set(detail, ERR_USAGE, "store %s: a backup is restored to sqlite:PATH", path);
	for (size_t i = 0; i < COUNT_OF(suffixes) && !code; i++) {
		code = join(name, *ret_path, "", suffixes[i], detail);
		if (!code && !access(name, F_OK))
			code = err_set(detail, ERR_EXISTS,
				       "%s: is there already; nothing is overwritten: put the old journal away first",
				       name);
	}
	return code;
}

static int put_back(const struct options *options, const char *path, struct err_detail *detail)
{
	char url[PATH_BYTES], state[PATH_BYTES];
	struct store *copy;
	int code = join(url, "sqlite:", "", options->file, detail);
	if (!code)
		code = join(state, options->file, "", ".state", detail);
	if (!code)
		code = store_open_read(&copy, url, detail);
	if (code)
		return code;
	code = make_folder(options->settings.state_folder, detail);
	if (!code)
		code = store_copy(copy, path, detail);
	store_close(copy);
	if (!code && !access(state, F_OK))
		code = copy_state(state, options->settings.state_folder, detail);
	return code;
}

/* ---- what was erased since the backup is erased again ---- */

struct again {
	struct {
		uint64_t ride;
		enum erase what;
	} * rides;
	size_t n, cap;
};

static int note_erased(void *self, uint64_t ride, enum erase what)
{
	struct again *again = self;
	return array_push(again->rides, again->n, again->cap, (__typeof__(*again->rides)){ride, what});
}

static int read_erased(struct again *again, const char *journal, struct err_detail *detail)
{
	struct store *newer;
	int code = store_open_read(&newer, journal, detail);
	if (code)
		return code;
	code = store_erased(newer, note_erased, again, detail);
	store_close(newer);
	return code == ERR_MEMORY ? err_set(detail, code, "restore: out of memory") : code;
}

static int erase_each(struct journal *journal, const struct again *again, struct err_detail *detail)
{
	size_t done = 0;
	for (size_t i = 0; i < again->n; i++) {
		int code = journal_erase(journal, again->rides[i].ride, again->rides[i].what, detail);
		if (code == ERR_BUSY) /* the old journal has the ride open: it can be erased when that is over */
			fprintf(stderr, "dispatcher: %s: erase it again later\n", detail->text);
		else if (code && code != ERR_NOT_FOUND) /* a ride of after the backup is not known here */
			return code;
		done += !code;
	}
	fprintf(stderr, "dispatcher: %zu keys that had been erased since are erased again\n", done);
	return ERR_OK;
}

static int erase_again(const struct options *options, struct err_detail *detail)
{
	struct again again = {0};
	int code = read_erased(&again, options->erased, detail);
	struct desk *desk = code || !again.n ? NULL : calloc(1, sizeof *desk);
	if (!code && again.n && !desk)
		code = err_set(detail, ERR_MEMORY, "restore: out of memory");
	if (desk) {
		code = desk_open(desk, &options->settings, detail);
		if (!code)
			code = erase_each(desk->journal, &again, detail);
		desk_close(desk);
	}
	free(again.rides);
	return code;
}

static int take_up(const struct options *options, struct err_detail *detail)
{
	struct store *store;
	uint32_t epoch = 0;
	int code = store_open(&store, options->settings.store, detail);
	if (code)
		return code;
	code = store_raise_epoch(store, (uint32_t)options->settings.area, clock_calendar_s(), &epoch, detail);
	store_close(store);
	if (!code && options->erased)
		code = erase_again(options, detail);
	if (!code)
		fprintf(stderr, "dispatcher: restored to %s, epoch %" PRIu32 "\n", options->settings.store, epoch);
	return code;
}

int restore_command(const struct options *options)
{
	struct err_detail detail = {""};
	const char *path;
	if (!options->file) {
		fputs("dispatcher restore: FILE is needed\n", stderr);
		return 2;
	}
	int code = target_of(&options->settings, &path, &detail);
	if (!code)
		code = put_back(options, path, &detail);
	if (!code)
		code = take_up(options, &detail);
	if (code)
		return tools_fail(&detail, 1);
	if (!options->erased)
		fputs("dispatcher: what was erased since that backup is there again; with --erased JOURNAL (a later "
		      "copy, "
		      "or the journal that was put away) it is erased again\n",
		      stderr);
	return verify_command(options);
}
