/* The built pages, read once at start: what is not in the folder then cannot be asked for, so no path can lead outside.
 * Hashed names of the bundler (assets/) never change; everything else is asked for again by its ETag. */
#include "http_server.h"
#include "tiles.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX (16u << 20)
#define FILES_MOST 512

struct http_file {
	char path[HTTP_PATH_BYTES]; /* "/assets/x.js" */
	char etag[40];
	const char *type;
	void *bytes;
	size_t n;
	uint8_t zipped; /* a .gz beside it: sent to those who take it */
};

static const char *type_of(const char *path)
{
	static const struct {
		const char *end, *type;
	} types[] = {
		{".html", "text/html; charset=utf-8"},
		{".js", "text/javascript; charset=utf-8"},
		{".mjs", "text/javascript; charset=utf-8"},
		{".css", "text/css; charset=utf-8"},
		{".svg", "image/svg+xml"},
		{".png", "image/png"},
		{".ico", "image/x-icon"},
		{".woff2", "font/woff2"},
		{".json", "application/json"},
		{".webmanifest", "application/manifest+json"},
		{".txt", "text/plain; charset=utf-8"},
		{".map", "application/json"},
	};
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		size_t n = strlen(path), m = strlen(types[i].end);
		if (n > m && strcmp(path + n - m, types[i].end) == 0)
			return types[i].type;
	}
	return NULL;
}

static int read_whole(const char *path, void **ret_bytes, size_t *ret_n)
{
	struct stat info;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return ERR_IO;
	char *bytes = NULL;
	size_t n = 0;
	int fine = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size <= (off_t)FILE_BYTES_MAX &&
		   (bytes = malloc((size_t)info.st_size + 1));
	while (fine && n < (size_t)info.st_size) {
		ssize_t got = read(fd, bytes + n, (size_t)info.st_size - n);
		fine = got > 0;
		n += fine ? (size_t)got : 0;
	}
	close(fd);
	if (!fine) {
		free(bytes);
		return ERR_IO;
	}
	*ret_bytes = bytes;
	*ret_n = n;
	return ERR_OK;
}

static int add_file(struct http *http, const char *folder, const char *path, struct err_detail *detail)
{
	struct http_file file = {.type = type_of(path)};
	char whole[4096];
	uint8_t hash[16];
	size_t n = strlen(path);
	snprintf(file.path, sizeof file.path, "%s", path);
	if (!file.type && n > 3 && strcmp(path + n - 3, ".gz") == 0) {
		file.path[n - 3] = 0;
		file.type = type_of(file.path);
		file.zipped = 1;
	}
	if (!file.type || http->n_files >= FILES_MOST)
		return ERR_OK;
	if ((size_t)snprintf(whole, sizeof whole, "%s%s", folder, path) >= sizeof whole ||
	    read_whole(whole, &file.bytes, &file.n))
		return err_set(detail, ERR_IO, "%s: cannot be read as a page of at most %u bytes: %s", whole,
			       FILE_BYTES_MAX, strerror(errno));
	crypto_generichash(hash, sizeof hash, file.bytes, file.n, NULL, 0);
	file.etag[0] = '"';
	sodium_bin2hex(file.etag + 1, 33, hash, sizeof hash);
	strcat(file.etag, "\"");
	struct http_file *files = realloc(http->files, (http->n_files + 1) * sizeof *files);
	if (!files) {
		free(file.bytes);
		return ERR_MEMORY;
	}
	http->files = files;
	files[http->n_files++] = file;
	return ERR_OK;
}

static int add_folder(struct http *http, const char *folder, const char *below, int depth, struct err_detail *detail)
{
	char path[4096];
	snprintf(path, sizeof path, "%s%s", folder, below);
	DIR *dir = opendir(path);
	if (!dir)
		return ERR_OK; /* no pages: the API works all the same */
	int code = ERR_OK;
	for (struct dirent *entry; !code && (entry = readdir(dir));) {
		char inner[HTTP_PATH_BYTES];
		struct stat info;
		if (entry->d_name[0] == '.' ||
		    (size_t)snprintf(inner, sizeof inner, "%s/%s", below, entry->d_name) >= sizeof inner)
			continue;
		snprintf(path, sizeof path, "%s%s", folder, inner);
		if (stat(path, &info) != 0)
			continue;
		if (S_ISDIR(info.st_mode) && depth < 4)
			code = add_folder(http, folder, inner, depth + 1, detail);
		else if (S_ISREG(info.st_mode))
			code = add_file(http, folder, inner, detail);
	}
	closedir(dir);
	return code;
}

int files_open(struct http *http, struct err_detail *detail)
{
	return http->settings.web_folder ? add_folder(http, http->settings.web_folder, "", 0, detail) : ERR_OK;
}

void files_close(struct http *http)
{
	for (uint32_t i = 0; i < http->n_files; i++)
		free(http->files[i].bytes);
	free(http->files);
	http->files = NULL;
	http->n_files = 0;
}

static const struct http_file *find_file(const struct http *http, const char *path, int zipped)
{
	for (uint32_t i = 0; i < http->n_files; i++) {
		if (http->files[i].zipped == zipped && strcmp(http->files[i].path, path) == 0)
			return &http->files[i];
	}
	return NULL;
}

const char *files_text(const struct http *http, const char *path, size_t *ret_n)
{
	const struct http_file *file = find_file(http, path, 0);
	if (file)
		*ret_n = file->n;
	return file ? file->bytes : NULL;
}

static void send_file(struct call *call, const struct http_file *file)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(call->request);
	const char *cache =
		strncmp(file->path, "/assets/", 8) == 0 ? "public, max-age=31536000, immutable" : "no-cache";
	const char *known = reply_header(call, "If-None-Match");
	evhttp_add_header(headers, "ETag", file->etag);
	evhttp_add_header(headers, "Vary", "Accept-Encoding");
	if (file->zipped)
		evhttp_add_header(headers, "Content-Encoding", "gzip");
	if (known && strcmp(known, file->etag) == 0) {
		reply_bytes(call, 304, file->type, cache, NULL);
		return;
	}
	struct evbuffer *out = evbuffer_new();
	if (out)
		evbuffer_add(out, file->bytes, file->n);
	reply_bytes(call, out ? 200 : 500, file->type, cache, out);
	if (out)
		evbuffer_free(out);
}

/* "/" and "/operator" are pages; so are their .html names. */
void files_answer(struct call *call)
{
	const char *path = call->path, *takes = reply_header(call, "Accept-Encoding");
	if (strcmp(path, "/") == 0)
		path = "/index.html";
	else if (strcmp(path, "/operator") == 0 || strcmp(path, "/operator/") == 0)
		path = "/operator.html";
	else if (strcmp(path, "/planner") == 0 || strcmp(path, "/planner/") == 0)
		path = "/planner.html";
	const struct http_file *file = takes && strstr(takes, "gzip") ? find_file(call->http, path, 1) : NULL;
	if (!file)
		file = find_file(call->http, path, 0);
	if (file)
		send_file(call, file);
	else
		reply_error(call, call->http->n_files ? "not_found" : "pages", NULL);
}

/* ---- map tiles ---- */
static struct tiles *files_tiles(struct http *http)
{
	const struct town *town = http_town(http);
	/* by hash: another town may come to lie where an earlier one was */
	if (!http->tiles_town || memcmp(http->tiles_hash, town->hash, TOWN_HASH_BYTES)) {
		tiles_close(http->tiles);
		http->tiles = NULL;
		http->tiles_town = tiles_open(&http->tiles, town) ? NULL : town;
		memcpy(http->tiles_hash, town->hash, TOWN_HASH_BYTES);
	}
	return http->tiles;
}

static int number_of(const char *text, const char *end_text, uint32_t *ret_number)
{
	char *end = NULL;
	if (text[0] < '0' || text[0] > '9' || strlen(text) > 14)
		return ERR_FORMAT;
	unsigned long number = strtoul(text, &end, 10);
	if (strcmp(end, end_text) != 0 || number >= NONE)
		return ERR_FORMAT;
	*ret_number = (uint32_t)number;
	return ERR_OK;
}

void handle_tile(struct call *call)
{
	uint32_t z, x, y;
	const void *bytes = NULL;
	size_t n = 0;
	struct tiles *tiles = files_tiles(call->http);
	if (!tiles || number_of(call->params[0], "", &z) || number_of(call->params[1], "", &x) ||
	    number_of(call->params[2], ".mvt", &y) || tiles_get(tiles, z, x, y, &bytes, &n)) {
		reply_error(call, "tiles", NULL);
		return;
	}
	struct evbuffer *out = evbuffer_new();
	if (out)
		evbuffer_add(out, bytes, n);
	/* pages ask for them with the town's hash in the query, so a new town is never shown with old tiles */
	reply_bytes(call, out ? 200 : 500, "application/vnd.mapbox-vector-tile", "public, max-age=86400", out);
	if (out)
		evbuffer_free(out);
}
