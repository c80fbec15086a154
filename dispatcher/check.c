/* `dispatcher check-settings`: everything that is wrong with settings, fleet and town at once, by file, line and
 * column, what is worth a second look, and what is in force. Changes nothing; status 1 when the service would not
 * start. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal.h"
#include "placing.h"
#include "tools.h"

struct check {
	const struct settings *settings;
	const struct town *town;
	unsigned errors, warnings;
};

void tools_tell_error(void *self, const char *text)
{
	fprintf(stderr, "error: %s\n", text);
	++*(unsigned *)self;
}

__attribute__((format(printf, 2, 3))) static void warn(struct check *check, const char *format, ...)
{
	va_list arguments;
	fputs("warning: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	check->warnings++;
}

__attribute__((format(printf, 2, 3))) static void wrong(struct check *check, const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	tools_tell_error(&check->errors, text);
}

/* ---- settings among themselves ---- */

static int is_loopback(const char *address)
{
	return !strncmp(address, "127.", 4) || !strcmp(address, "::1") || !strcmp(address, "localhost");
}

static void check_times(struct check *check)
{
	const struct settings *s = check->settings;
	if (s->link_lost_after_ms < 3 * s->link_heartbeat_ms)
		warn(check,
		     "link.lost_after is under three times link.heartbeat: one lost packet makes a vehicle unknown");
	if (s->link_valid_ms < s->link_lost_after_ms)
		warn(check,
		     "link.valid is shorter than link.lost_after: vehicles stop picking up before their state is "
		     "called unknown");
	if (!s->clock_start && s->clock_speed_permille != 1000)
		warn(check, "clock.speed counts only with clock.start: the real clock is used");
	if (s->clock_start)
		warn(check, "clock.start is set: a simulated clock, real vehicles refuse it");
}

static void check_doors(struct check *check)
{
	const struct settings *s = check->settings;
	char path[SETTINGS_TEXT + 16];
	if (!is_loopback(s->http_address) && strncmp(s->http_public_url, "https://", 8))
		warn(check,
		     "http.address %s is open to others without TLS: put a reverse proxy before it and name it in "
		     "http.public_url",
		     s->http_address);
	snprintf(path, sizeof path, "%s/index.html", s->http_web);
	if (access(path, R_OK))
		warn(check, "http.web: %s is not there: no pages, only the API", path);
}

static void check_folders(struct check *check)
{
	const struct settings *s = check->settings;
	struct stat status;
	if (stat(s->state_folder, &status))
		warn(check, "state_folder: %s is not there yet; it is made at the first start", s->state_folder);
	else if (!S_ISDIR(status.st_mode) || access(s->state_folder, R_OK | W_OK | X_OK))
		wrong(check, "state_folder: %s: no folder that may be written", s->state_folder);
	else if (status.st_mode & 077)
		warn(check, "state_folder: %s has mode %03o, expected 700: others may look at keys and tokens",
		     s->state_folder, (unsigned)status.st_mode & 0777u);
	if (!strncmp(s->store, "memory:", 7))
		warn(check, "store: memory: nothing survives a restart");
}

/* core.* and cost.* are those of the journal's beginning. */
static void check_journal(struct check *check)
{
	struct err_detail detail = {""};
	struct core_settings wished, journal;
	uint8_t hash[TOWN_HASH_BYTES];
	struct store *store;
	int code = store_open_read(&store, check->settings->store, &detail);
	if (code == ERR_NOT_FOUND || !strncmp(check->settings->store, "memory:", 7)) {
		if (!code)
			store_close(store);
		return; /* none yet */
	}
	if (code) {
		wrong(check, "store: %s", detail.text);
		return;
	}
	settings_core(check->settings, &wished);
	if (!journal_recover_settings(store, &journal, hash, &detail) && memcmp(&wished, &journal, sizeof wished))
		warn(check,
		     "core.*, cost.* or clock settings differ from those the journal was begun with: the journal's "
		     "stay in force");
	store_close(store);
}

/* ---- town and fleet ---- */

static void check_town(struct check *check)
{
	const struct town *town = check->town;
	if (!*town_text(town, town->fallback_phone))
		warn(check, "town: no fallback (taxi, on-call van): towards the end of service less is promised");
	if (!*town_text(town, town->phone))
		warn(check, "town: no phone number for riders");
	if (!*town_text(town, town->privacy_text) || !*town_text(town, town->imprint_text))
		warn(check, "town: privacy or imprint text is missing: public pages need both");
	if (!town->n_area_rings)
		warn(check, "town: no service area: requests from everywhere on the map are taken");
	if (*town_text(town, town->generated))
		warn(check, "town: %s", town_text(town, town->generated));
}

static void check_vehicle(struct check *check, const struct fleet_vehicle *vehicle, struct placing *placing)
{
	const char *file = check->settings->fleet;
	struct place depot;
	uint32_t spaces = 0;
	for (uint32_t i = 0; i < TOWN_SPACES_MAX; i++) {
		spaces += vehicle->spaces[i];
		if (i >= check->town->n_spaces && vehicle->spaces[i])
			wrong(check, "%s:%u: vehicle %u: more spaces than the town has kinds of (%u)", file,
			      vehicle->line, vehicle->number, check->town->n_spaces);
	}
	if (!spaces)
		warn(check, "%s:%u: vehicle %u carries nobody: all spaces are 0", file, vehicle->line, vehicle->number);
	if (town_class(check->town, vehicle->class_name) == NONE)
		wrong(check, "%s:%u: vehicle %u: the town has no class \"%s\"", file, vehicle->line, vehicle->number,
		      vehicle->class_name);
	if (placing && placing_find(placing, vehicle->depot, &depot))
		wrong(check, "%s:%u: vehicle %u: its depot is not on the map", file, vehicle->line, vehicle->number);
	if (vehicle->simulated && !check->settings->clock_start)
		warn(check, "%s:%u: vehicle %u is simulated, and the clock is the real one", file, vehicle->line,
		     vehicle->number);
	if (!vehicle->simulated && check->settings->clock_start)
		wrong(check, "%s:%u: vehicle %u is a real one: it refuses a simulated clock", file, vehicle->line,
		      vehicle->number);
}

static void check_fleet(struct check *check, const struct fleet *fleet)
{
	struct err_detail detail = {""};
	struct placing placing;
	int placed = !placing_open(&placing, check->town, &detail);
	if (!placed)
		wrong(check, "town: %s", detail.text);
	for (uint32_t i = 0; i < fleet->n; i++)
		check_vehicle(check, &fleet->vehicles[i], placed ? &placing : NULL);
	if (placed)
		placing_close(&placing);
	if (!fleet->n)
		warn(check, "%s: no vehicles", check->settings->fleet);
	if (fleet->n > (uint64_t)check->settings->vehicles_max)
		wrong(check, "%s: %u vehicles, core.vehicles_max is %lld", check->settings->fleet, fleet->n,
		      (long long)check->settings->vehicles_max);
}

static void check_files(struct check *check)
{
	struct err_detail detail = {""};
	struct fleet fleet;
	struct town town;
	fleet_read_all(&fleet, check->settings->fleet, tools_tell_error, &check->errors, &detail);
	if (town_open(&town, check->settings->town, &detail)) {
		wrong(check, "%s", detail.text);
	} else {
		check->town = &town;
		check_town(check);
		check_fleet(check, &fleet);
		town_close(&town);
	}
	fleet_free(&fleet);
}

int check_settings_command(const struct options *options)
{
	struct check check = {.settings = &options->settings, .errors = options->n_errors};
	check_times(&check);
	check_doors(&check);
	check_folders(&check);
	check_files(&check);
	check_journal(&check);
	settings_print_effective(&options->settings, stdout);
	fprintf(stderr, "%u error%s, %u warning%s\n", check.errors, check.errors == 1 ? "" : "s", check.warnings,
		check.warnings == 1 ? "" : "s");
	return check.errors ? 1 : 0;
}
