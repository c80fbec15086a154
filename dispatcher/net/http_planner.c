/* For planners: today's figures of the live service, and finished reports of the simulator. A report is a page of its
 * own with inline script: it is served into a sandbox of no origin, behind a ticket that only the list hands out. */
#include "http_server.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define REPORT_BYTES_MAX (64u << 20)
#define REPORTS_SHOWN_MOST 200
#define TICKET_SECONDS 3600
#define REPORT_POLICY                                                                                        \
	"sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; " \
	"img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

static void set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value ? value : json_null());
}

/* ---- the day: figures count on for ever; a day's are those since its beginning, which a file remembers ---- */
#define DAY_MARK "zubringer figures at the beginning of the day 1"

static void day_write(const struct http *http)
{
	char path[4096];
	if (!http->settings.day_path ||
	    (size_t)snprintf(path, sizeof path, "%s.new", http->settings.day_path) >= sizeof path)
		return;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!file)
		return; /* today's figures then begin anew after a restart, and say since when */
	const uint64_t *numbers = (const uint64_t *)&http->day.at_begin;
	fprintf(file, DAY_MARK "\n%u %" PRId64 "\n", http->day.yyyymmdd, http->day.since);
	for (size_t i = 0; i < sizeof http->day.at_begin / sizeof *numbers; i++)
		fprintf(file, "%" PRIu64 "\n", numbers[i]);
	if (fclose(file) == 0)
		rename(path, http->settings.day_path);
}

/* Only whole, only of this day, and only numbers that have not been passed yet. */
static int day_read(struct http *http, uint32_t today)
{
	FILE *file = http->settings.day_path ? fopen(http->settings.day_path, "re") : NULL;
	struct core_figures figures = {0};
	uint64_t *numbers = (uint64_t *)&figures;
	const uint64_t *now = (const uint64_t *)core_figures(http_core(http));
	uint32_t day = 0;
	int64_t since = 0;
	int fine = file && fscanf(file, DAY_MARK "\n%u %" SCNd64 "\n", &day, &since) == 2 && day == today;
	for (size_t i = 0; fine && i < sizeof figures / sizeof *numbers; i++)
		fine = fscanf(file, "%" SCNu64 "\n", &numbers[i]) == 1 && numbers[i] <= now[i];
	if (file)
		fclose(file);
	if (!fine)
		return ERR_NOT_FOUND;
	http->day.yyyymmdd = day;
	http->day.since = since;
	http->day.at_begin = figures;
	return ERR_OK;
}

void planner_tick(struct http *http)
{
	char why[320];
	uint32_t today = 0;
	instant_ms now = http->host.now(http->host.self);
	town_service_day(http_town(http), now, &today);
	if (today == http->day.yyyymmdd || http->host.holding(http->host.self, why, sizeof why) == 2)
		return;
	if (http->day.yyyymmdd == 0 && day_read(http, today) == ERR_OK)
		return;
	http->day.at_begin = *core_figures(http_core(http));
	http->day.yyyymmdd = today;
	http->day.since = now;
	day_write(http);
}

static json_t *mean_s(uint64_t sum_ms, uint64_t n)
{
	return n ? json_integer((json_int_t)(sum_ms / n / 1000)) : json_null();
}

static json_t *needs_view(const struct http *http, const struct core_figures *now, enum language language)
{
	const struct town *town = http_town(http);
	const struct core_figures *begin = &http->day.at_begin;
	json_t *list = json_array();
	for (uint32_t i = 0; i < town->n_needs && i < TOWN_NEEDS_MAX; i++) {
		json_t *json = json_object();
		uint32_t label = language == LANGUAGE_DE ? town->need_label_de[i] : town->need_label_en[i];
		set(json, "need", view_town_text(town, town->need_name[i]));
		set(json, "label", view_town_text(town, label));
		set(json, "asked", json_integer((json_int_t)(now->need_asked[i] - begin->need_asked[i])));
		set(json, "refused", json_integer((json_int_t)(now->need_refused[i] - begin->need_refused[i])));
		set(json, "mean_wait_s",
		    mean_s(now->need_wait_ms_sum[i] - begin->need_wait_ms_sum[i],
			   now->need_wait_n[i] - begin->need_wait_n[i]));
		json_array_append_new(list, json);
	}
	return list;
}

static json_t *refusals_view(const struct http *http, const struct core_figures *now, enum language language)
{
	json_t *list = json_array();
	for (uint8_t i = 1; i < REFUSALS; i++) {
		uint64_t n = now->refused_by[i] - http->day.at_begin.refused_by[i];
		if (n == 0)
			continue;
		json_t *json = view_words(language, "refusal", core_refusal_name(i));
		set(json, "count", json_integer((json_int_t)n));
		json_array_append_new(list, json);
	}
	return list;
}

void handle_operator_figures(struct call *call)
{
	struct http *http = call->http;
	planner_tick(http);
	const struct core_figures *now = core_figures(http_core(http)), *begin = &http->day.at_begin;
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{"asked", now->asked - begin->asked},
		{"offered", now->offered - begin->offered},
		{"promised", now->promised - begin->promised},
		{"refused", now->refused - begin->refused},
		{"expired", now->expired - begin->expired},
		{"cancelled", now->cancelled - begin->cancelled},
		{"no_show", now->no_show - begin->no_show},
		{"done", now->done - begin->done},
		{"broken", now->broken - begin->broken},
		{"kept", now->kept - begin->kept},
		{"shared", now->shared - begin->shared},
		{"prebooked", now->prebooked - begin->prebooked},
		{"tied", now->tied - begin->tied},
		{"empty_m", (now->empty_mm - begin->empty_mm) / 1000},
		{"loaded_m", (now->loaded_mm - begin->loaded_mm) / 1000},
	};
	json_t *json = json_object();
	set(json, "now", http_json_instant(http->host.now(http->host.self)));
	set(json, "since", http_json_instant(http->day.since));
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		set(json, rows[i].name, json_integer((json_int_t)rows[i].value));
	set(json, "mean_wait_s", mean_s(now->wait_ms_sum - begin->wait_ms_sum, now->wait_n - begin->wait_n));
	set(json, "needs", needs_view(http, now, call->language));
	set(json, "refusals", refusals_view(http, now, call->language));
	reply_json(call, 200, json);
}

/* ---- reports ---- */
static void ticket_of(const struct http *http, const char *name, int64_t hour, char text[33])
{
	char number[24];
	snprintf(number, sizeof number, "%" PRId64, hour);
	struct command_key mac = http_secret_key(&http->secret, "report", name, number);
	snprintf(text, 33, "%016" PRIx64 "%016" PRIx64, mac.high, mac.low);
}

/* "day.html", or "day" for day/report.html: a single segment of plain characters, so nothing leads outside. */
static int report_open(const struct http *http, const char *name, struct stat *ret_info)
{
	char path[4096];
	size_t n = strlen(name);
	if (!http->settings.reports_folder || !http->settings.reports_folder[0] || n == 0 || name[0] == '.' ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != n)
		return -1;
	int is_file = n > 5 && strcmp(name + n - 5, ".html") == 0;
	if ((size_t)snprintf(path, sizeof path, "%s/%s%s", http->settings.reports_folder, name,
			     is_file ? "" : "/report.html") >= sizeof path)
		return -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0 &&
	    (fstat(fd, ret_info) != 0 || !S_ISREG(ret_info->st_mode) || ret_info->st_size > (off_t)REPORT_BYTES_MAX)) {
		close(fd);
		return -1;
	}
	return fd;
}

static json_t *report_view(const struct http *http, const char *name, const struct stat *info)
{
	char ticket[33], page[256];
	json_t *json = json_object();
	ticket_of(http, name, (int64_t)time(NULL) / TICKET_SECONDS, ticket);
	snprintf(page, sizeof page, "/reports/%s/%.*s", ticket, HTTP_PARAM_BYTES, name);
	set(json, "name", json_string(name));
	set(json, "written", http_json_instant((instant_ms)info->st_mtime * 1000));
	set(json, "bytes", json_integer((json_int_t)info->st_size));
	set(json, "page", json_string(page));
	return json;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

void handle_operator_reports(struct call *call)
{
	struct dirent **entries = NULL;
	const char *folder = call->http->settings.reports_folder;
	int n = folder && folder[0] ? scandir(folder, &entries, NULL, by_name) : 0;
	json_t *list = json_array(), *json = json_object();
	for (int i = 0; i < n; i++) {
		struct stat info;
		const char *name = entries[i]->d_name;
		int fd = strlen(name) < HTTP_PARAM_BYTES && json_array_size(list) < REPORTS_SHOWN_MOST
				 ? report_open(call->http, name, &info)
				 : -1;
		if (fd >= 0) {
			json_array_append_new(list, report_view(call->http, name, &info));
			close(fd);
		}
		free(entries[i]);
	}
	free(entries);
	set(json, "folder_named", json_boolean(folder && folder[0]));
	set(json, "reports", list);
	reply_json(call, 200, json);
}

static int ticket_fits(const struct http *http, const char *name, const char *given)
{
	int64_t hour = (int64_t)time(NULL) / TICKET_SECONDS;
	char now[33], before[33];
	ticket_of(http, name, hour, now);
	ticket_of(http, name, hour - 1, before);
	return http_secret_equal(now, given) | http_secret_equal(before, given);
}

void handle_report(struct call *call)
{
	struct stat info;
	const char *name = call->params[1];
	int fd = ticket_fits(call->http, name, call->params[0]) ? report_open(call->http, name, &info) : -1;
	struct evbuffer *out = fd >= 0 ? evbuffer_new() : NULL;
	if (out && info.st_size && evbuffer_add_file(out, fd, 0, info.st_size) == 0)
		fd = -1; /* the buffer closes it */
	else if (out) {
		evbuffer_free(out);
		out = NULL;
	}
	if (fd >= 0)
		close(fd);
	if (!out) {
		reply_error(call, "not_found", NULL);
		return;
	}
	reply_policy(call, REPORT_POLICY);
	reply_bytes(call, 200, "text/html; charset=utf-8", "no-store", out);
	evbuffer_free(out);
}
