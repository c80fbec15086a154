#include "fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hash.h"

#define ETAG_MAX 256
#define REDIRECTIONS_MAX 3L

/* What a fetch brings. */
struct catch
{
	uint8_t *bytes;
	size_t n, most;
	int too_large;
	char etag[ETAG_MAX];
	struct fetch *fetch;
};
struct asked { /* of one source, by the thread alone */
	struct feed *feed;
	const struct town *town;
	char etag[ETAG_MAX];
	curl_off_t changed_at; /* Last-Modified, or -1 */
	uint64_t hash;	       /* of the last bytes */
	int has_hash;
};
struct fetch {
	struct fetch_settings settings;
	struct asked asked[FETCH_SOURCES_MAX];
	CURL *curl;
	pthread_t thread;
	int has_thread, fd;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	/* under the mutex */
	int stop;
	const struct town *town;
	instant_ms now;
	struct fetch_result results[FETCH_SOURCES_MAX];
	uint8_t has_result[FETCH_SOURCES_MAX];
};

/* ---- settings ---- */

static int read_source(struct fetch_source *source, const char *text, size_t n)
{
	const char *equals = memchr(text, '=', n);
	size_t name = equals ? (size_t)(equals - text) : 0;
	*source = (struct fetch_source){0};
	/* what comes before the first = is a name only if it cannot be part of an address */
	if (equals && !memchr(text, '/', name) && !memchr(text, ':', name)) {
		if (name == 0 || name >= sizeof source->feed)
			return ERR_FORMAT;
		memcpy(source->feed, text, name);
		text += name + 1;
		n -= name + 1;
	}
	if (n == 0 || n >= sizeof source->address)
		return ERR_FORMAT;
	memcpy(source->address, text, n);
	const char *scheme = strstr(source->address, "://");
	if (scheme && strncasecmp(source->address, "http://", 7) && strncasecmp(source->address, "https://", 8) &&
	    strncmp(source->address, "file://", 7))
		return ERR_FORMAT;
	return ERR_OK;
}

int fetch_read_sources(struct fetch_settings *settings, const char *text, struct err_detail *detail)
{
	settings->n_sources = 0;
	for (text += strspn(text, " \t\n"); *text; text += strspn(text, " \t\n")) {
		size_t n = strcspn(text, " \t\n");
		if (settings->n_sources == FETCH_SOURCES_MAX)
			return err_set(detail, ERR_FULL, "feeds.trip_updates: more than %d feeds", FETCH_SOURCES_MAX);
		if (read_source(&settings->sources[settings->n_sources++], text, n))
			return err_set(detail, ERR_FORMAT,
				       "feeds.trip_updates: \"%.*s\": expected [FEED=]ADDRESS, the address a path or "
				       "beginning with http://, https:// or file://",
				       n > 80 ? 80 : (int)n, text);
		text += n;
	}
	return ERR_OK;
}

/* ---- fetching ---- */

static int keep(struct catch *caught, const void *bytes, size_t n)
{
	if (n > caught->most - caught->n) {
		caught->too_large = 1;
		return ERR_RANGE;
	}
	uint8_t *moved = realloc(caught->bytes, caught->n + n + 1);
	if (!moved)
		return ERR_MEMORY;
	caught->bytes = moved;
	memcpy(caught->bytes + caught->n, bytes, n);
	caught->n += n;
	return ERR_OK;
}

static size_t on_bytes(char *bytes, size_t size, size_t n, void *self)
{
	return keep(self, bytes, size * n) ? 0 : size * n;
}

static size_t on_header(char *line, size_t size, size_t n, void *self)
{
	struct catch *caught = self;
	size_t length = size * n;
	if (length > 5 && strncasecmp(line, "etag:", 5) == 0) {
		const char *text = line + 5, *end = line + length;
		while (text < end && (*text == ' ' || *text == '\t'))
			text++;
		while (end > text && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' '))
			end--;
		caught->etag[0] = 0;
		if ((size_t)(end - text) < sizeof caught->etag) {
			memcpy(caught->etag, text, (size_t)(end - text));
			caught->etag[end - text] = 0;
		}
	}
	return length;
}

static int is_stopped(struct fetch *fetch)
{
	pthread_mutex_lock(&fetch->mutex);
	int stop = fetch->stop;
	pthread_mutex_unlock(&fetch->mutex);
	return stop;
}

static int on_progress(void *self, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)a, (void)b, (void)c, (void)d;
	return is_stopped(((struct catch *)self)->fetch);
}

static struct curl_slist *conditions(const struct asked *asked)
{
	char line[ETAG_MAX + 32];
	if (!asked->etag[0])
		return NULL;
	snprintf(line, sizeof line, "If-None-Match: %s", asked->etag);
	return curl_slist_append(NULL, line);
}

static void set_options(struct fetch *fetch, const char *address, const struct asked *asked, struct catch *caught,
			struct curl_slist *headers, char *why)
{
	CURL *curl = fetch->curl;
	curl_easy_reset(curl);
	curl_easy_setopt(curl, CURLOPT_URL, address);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, REDIRECTIONS_MAX);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)fetch->settings.timeout_ms);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)fetch->settings.timeout_ms);
	curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)fetch->settings.bytes_max);
	curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "zubringer/" ZUB_VERSION);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, caught);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, caught);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, caught);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_FILETIME, 1L);
	if (headers)
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	else if (asked->changed_at >= 0) {
		curl_easy_setopt(curl, CURLOPT_TIMECONDITION, (long)CURL_TIMECOND_IFMODSINCE);
		curl_easy_setopt(curl, CURLOPT_TIMEVALUE_LARGE, asked->changed_at);
	}
}

static enum fetch_outcome ask_server(struct fetch *fetch, const char *address, struct asked *asked,
				     struct catch *caught, char *why, size_t why_size)
{
	char text[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = conditions(asked);
	long status = 0, unmet = 0;
	set_options(fetch, address, asked, caught, headers, text);
	CURLcode code = curl_easy_perform(fetch->curl);
	curl_easy_getinfo(fetch->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(fetch->curl, CURLINFO_CONDITION_UNMET, &unmet);
	curl_slist_free_all(headers);
	if (caught->too_large || code == CURLE_FILESIZE_EXCEEDED) {
		snprintf(why, why_size, "more than %u bytes", fetch->settings.bytes_max);
		return FETCH_GARBLED;
	}
	if (code) {
		snprintf(why, why_size, "%s", text[0] ? text : curl_easy_strerror(code));
		return FETCH_UNREACHABLE;
	}
	if (status == 304 || unmet)
		return FETCH_UNCHANGED;
	memcpy(asked->etag, caught->etag, sizeof asked->etag);
	asked->changed_at = -1;
	curl_easy_getinfo(fetch->curl, CURLINFO_FILETIME_T, &asked->changed_at);
	return FETCH_NEWS;
}

static int hex(char digit)
{
	const char *at = digit ? strchr("0123456789ABCDEFabcdef", digit) : NULL;
	if (!at)
		return -1;
	int value = (int)(at - "0123456789ABCDEFabcdef");
	return value < 16 ? value : value - 6;
}

/* Addresses that begin with file:// may hold %20 and the like, paths may not. */
static void path_of(const char *address, char path[FETCH_ADDRESS_MAX])
{
	size_t n = 0;
	if (strncmp(address, "file://", 7) != 0) {
		snprintf(path, FETCH_ADDRESS_MAX, "%s", address);
		return;
	}
	for (address += 7; *address; address++) {
		int high = *address == '%' ? hex(address[1]) : -1, low = high < 0 ? -1 : hex(address[2]);
		path[n++] = low < 0 ? *address : (char)(high * 16 + low);
		address += low < 0 ? 0 : 2;
	}
	path[n] = 0;
}

/* Read at once: it should be put there by renaming. */
static enum fetch_outcome ask_file(const char *path, struct catch *caught, char *why, size_t why_size)
{
	struct stat stat;
	char bytes[65536];
	ssize_t n = -1;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &stat) == 0 && !S_ISREG(stat.st_mode))
		errno = EINVAL;
	else if (fd >= 0)
		while ((n = read(fd, bytes, sizeof bytes)) > 0 && keep(caught, bytes, (size_t)n) == ERR_OK)
			;
	if (n < 0)
		snprintf(why, why_size, "%s: %s", path, errno == EINVAL ? "not a file" : strerror(errno));
	if (n > 0)
		snprintf(why, why_size, "%s: too large", path);
	if (fd >= 0)
		close(fd);
	return n < 0 ? FETCH_UNREACHABLE : n > 0 ? FETCH_GARBLED : FETCH_NEWS;
}

/* ---- one source ---- */

/* The feed of the town as it is now; what was fetched for another one does not count as known. */
static int make_ready(struct fetch *fetch, uint32_t index, const struct town *town, char *why, size_t why_size)
{
	struct asked *asked = &fetch->asked[index];
	const char *name = fetch->settings.sources[index].feed;
	struct err_detail detail = {""};
	if (asked->feed && asked->town == town)
		return ERR_OK;
	feed_close(asked->feed);
	*asked = (struct asked){.town = town, .changed_at = -1};
	int code = feed_open(&asked->feed, town, name[0] ? name : NULL, &detail);
	if (code)
		snprintf(why, why_size, "%s", detail.text);
	return code;
}

static enum fetch_outcome decode(struct asked *asked, const struct catch *caught, instant_ms now,
				 struct fetch_result *result)
{
	struct err_detail detail = {""};
	uint64_t hash = hash_bytes(caught->bytes ? caught->bytes : (const uint8_t *)"", caught->n, 0);
	if (asked->has_hash && asked->hash == hash)
		return FETCH_UNCHANGED;
	asked->has_hash = 0;
	if (feed_decode(asked->feed, caught->bytes ? (const void *)caught->bytes : "", caught->n, now, &result->message,
			&detail)) {
		asked->etag[0] = 0; /* the whole of it again the next time */
		asked->changed_at = -1;
		snprintf(result->why, sizeof result->why, "%s", detail.text);
		return FETCH_GARBLED;
	}
	asked->hash = hash;
	asked->has_hash = 1;
	return FETCH_NEWS;
}

static int is_for(struct fetch *fetch, const struct town *town)
{
	pthread_mutex_lock(&fetch->mutex);
	int same = fetch->town == town;
	pthread_mutex_unlock(&fetch->mutex);
	return same;
}

static void ask(struct fetch *fetch, uint32_t index, const struct town *town, instant_ms now,
		struct fetch_result *result)
{
	struct asked *asked = &fetch->asked[index];
	const char *address = fetch->settings.sources[index].address;
	struct catch caught = {.most = fetch->settings.bytes_max, .fetch = fetch};
	char path[FETCH_ADDRESS_MAX];
	*result = (struct fetch_result){.source = index, .town = town, .outcome = FETCH_GARBLED};
	if (make_ready(fetch, index, town, result->why, sizeof result->why))
		return;
	if (strncasecmp(address, "http", 4) == 0 && strstr(address, "://"))
		result->outcome = ask_server(fetch, address, asked, &caught, result->why, sizeof result->why);
	else {
		path_of(address, path);
		result->outcome = ask_file(path, &caught, result->why, sizeof result->why);
	}
	if (result->outcome == FETCH_NEWS && is_for(fetch, town))
		result->outcome = decode(asked, &caught, now, result);
	else if (result->outcome == FETCH_NEWS)
		result->outcome = FETCH_UNCHANGED; /* a new town came meanwhile: the next look is for it */
	free(caught.bytes);
}

/* ---- the thread ---- */

/* News that were not taken yet give way to newer ones only: they will not come again. */
static void leave(struct fetch *fetch, struct fetch_result *result)
{
	struct fetch_result *place = &fetch->results[result->source];
	const uint64_t one = 1;
	pthread_mutex_lock(&fetch->mutex);
	int must_stay = fetch->has_result[result->source] && place->outcome == FETCH_NEWS &&
			result->outcome != FETCH_NEWS && place->town == result->town;
	if (!must_stay) {
		if (fetch->has_result[result->source])
			feed_message_free(&place->message);
		*place = *result;
		fetch->has_result[result->source] = 1;
	}
	pthread_mutex_unlock(&fetch->mutex);
	if (write(fetch->fd, &one, sizeof one) < 0)
		return; /* full: it is readable already */
}

static void wait_until(struct fetch *fetch, const struct timespec *next)
{
	pthread_mutex_lock(&fetch->mutex);
	while (!fetch->stop && pthread_cond_timedwait(&fetch->wake, &fetch->mutex, next) != ETIMEDOUT)
		;
	pthread_mutex_unlock(&fetch->mutex);
}

static void *run(void *self)
{
	struct fetch *fetch = self;
	struct timespec next;
	clock_gettime(CLOCK_MONOTONIC, &next);
	while (!is_stopped(fetch)) {
		for (uint32_t i = 0; i < fetch->settings.n_sources && !is_stopped(fetch); i++) {
			struct fetch_result result;
			pthread_mutex_lock(&fetch->mutex);
			const struct town *town = fetch->town;
			instant_ms now = fetch->now;
			pthread_mutex_unlock(&fetch->mutex);
			ask(fetch, i, town, now, &result);
			leave(fetch, &result);
		}
		clock_gettime(CLOCK_MONOTONIC, &next);
		next.tv_sec += fetch->settings.every_ms / 1000;
		next.tv_nsec += (long)(fetch->settings.every_ms % 1000) * 1000000;
		next.tv_sec += next.tv_nsec / 1000000000;
		next.tv_nsec %= 1000000000;
		wait_until(fetch, &next);
	}
	return NULL;
}

/* ---- for the loop ---- */

static int start(struct fetch *fetch)
{
	pthread_condattr_t attributes;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) || !(fetch->curl = curl_easy_init()))
		return ERR_MEMORY;
	fetch->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (fetch->fd < 0)
		return ERR_IO;
	pthread_mutex_init(&fetch->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&fetch->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	if (pthread_create(&fetch->thread, NULL, run, fetch))
		return ERR_IO;
	fetch->has_thread = 1;
	return ERR_OK;
}

int fetch_open(struct fetch **ret_fetch, const struct fetch_settings *settings, const struct town *town,
	       struct err_detail *detail)
{
	struct fetch *fetch = calloc(1, sizeof *fetch);
	if (!fetch)
		return err_set(detail, ERR_MEMORY, "live feeds: out of memory");
	fetch->settings = *settings;
	fetch->town = town;
	fetch->fd = -1;
	int code = start(fetch);
	if (code) {
		fetch_close(fetch);
		return err_set(detail, code, "live feeds: %s", err_text(code));
	}
	*ret_fetch = fetch;
	return ERR_OK;
}

void fetch_close(struct fetch *fetch)
{
	if (!fetch)
		return;
	if (fetch->has_thread) {
		pthread_mutex_lock(&fetch->mutex);
		fetch->stop = 1;
		pthread_cond_signal(&fetch->wake);
		pthread_mutex_unlock(&fetch->mutex);
		pthread_join(fetch->thread, NULL);
	}
	for (uint32_t i = 0; i < FETCH_SOURCES_MAX; i++) {
		feed_close(fetch->asked[i].feed);
		if (fetch->has_result[i])
			feed_message_free(&fetch->results[i].message);
	}
	if (fetch->fd >= 0) {
		close(fetch->fd);
		pthread_mutex_destroy(&fetch->mutex);
		pthread_cond_destroy(&fetch->wake);
	}
	if (fetch->curl)
		curl_easy_cleanup(fetch->curl);
	free(fetch);
}

int fetch_fd(const struct fetch *fetch)
{
	return fetch->fd;
}

int fetch_take(struct fetch *fetch, struct fetch_result *ret_result)
{
	int code = ERR_NOT_FOUND;
	uint64_t ignored;
	if (read(fetch->fd, &ignored, sizeof ignored) < 0)
		ignored = 0; /* nothing was left since the last look; there may be an older one */
	pthread_mutex_lock(&fetch->mutex);
	for (uint32_t i = 0; i < fetch->settings.n_sources && code; i++) {
		if (!fetch->has_result[i])
			continue;
		*ret_result = fetch->results[i];
		fetch->has_result[i] = 0;
		code = ERR_OK;
	}
	pthread_mutex_unlock(&fetch->mutex);
	return code;
}

void fetch_tell(struct fetch *fetch, const struct town *town, instant_ms now)
{
	pthread_mutex_lock(&fetch->mutex);
	fetch->town = town;
	fetch->now = now;
	pthread_mutex_unlock(&fetch->mutex);
}
