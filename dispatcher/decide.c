/* Decisions of a named person, signed with that person's own key: `dispatcher decider-key` makes one, `dispatcher skip`
 * decides about the record that holds the dispatcher, `dispatcher erase` has a ride's keys destroyed. */
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "desk.h"
#include "journal.h"
#include "tools.h"
#include "towns.h"
#include "yaml.h"

int tools_deciders(const struct settings *settings, struct deciders *ret_deciders, struct err_detail *detail)
{
	char path[SETTINGS_TEXT + 32];
	snprintf(path, sizeof path, "%s/deciders.yaml", settings->state_folder);
	return deciders_read(ret_deciders, path, detail);
}

int decider_key_command(const struct options *options)
{
	struct err_detail detail = {""};
	uint8_t secret[DECISION_SECRET_BYTES];
	char name[DECISION_NAME_MAX], hex[DECISION_HEX_MAX];
	if (!options->key || !options->name) {
		fputs("dispatcher decider-key: --name WHO and --key FILE are needed\n", stderr);
		return 2;
	}
	int code = decision_key_make(options->key, options->name, &detail);
	if (!code)
		code = decision_key_read(options->key, name, secret, &detail);
	if (code)
		return tools_fail(&detail, 1);
	decision_key_hex(secret, hex);
	sodium_memzero(secret, sizeof secret);
	fprintf(stderr,
		"%s: the secret key of %s, for nobody else. Who runs the service lists the public one in "
		"%s/deciders.yaml:\n",
		options->key, name, options->settings.state_folder);
	printf("deciders:\n  - {name: \"%s\", key: %s}\n", name, hex);
	return 0;
}

/* Signed and journaled. The key's owner is the one who decides: a name on the command line would prove nothing. */
static int decide(struct desk *desk, const struct options *options, enum decision_kind kind, uint64_t subject,
		  struct decision *decision, struct err_detail *detail)
{
	uint8_t secret[DECISION_SECRET_BYTES];
	char name[DECISION_NAME_MAX];
	int code = decision_key_read(options->key, name, secret, detail);
	if (code)
		return code;
	code = store_raise_epoch(desk->store, (uint32_t)options->settings.area, clock_calendar_s(), &desk->epoch,
				 detail);
	if (!code)
		code = journal_decision(desk->journal, desk->epoch, kind, subject, decision, detail);
	if (!code && strlen(options->why) >= sizeof decision->why)
		code = err_set(detail, ERR_RANGE, "--why: at most %zu bytes", sizeof decision->why - 1);
	if (!code) {
		memcpy(decision->by, name, sizeof decision->by);
		snprintf(decision->why, sizeof decision->why, "%s", options->why);
		decision->at = clock_calendar_ms();
		code = decision_sign(decision, secret, detail);
	}
	sodium_memzero(secret, sizeof secret);
	return code ? code : journal_decide(desk->journal, decision, &desk->deciders, detail);
}

static int with_desk(const struct options *options,
		     int (*work)(struct desk *desk, const struct options *options, struct err_detail *detail))
{
	struct err_detail detail = {""};
	struct desk *desk = calloc(1, sizeof *desk);
	if (!desk)
		return tools_fail(&(struct err_detail){"out of memory"}, 1);
	int code = desk_open(desk, &options->settings, &detail);
	if (!code)
		code = work(desk, options, &detail);
	desk_close(desk);
	return code ? tools_fail(&detail, 1) : 0;
}

/* ---- erase ---- */

/* As the API shows a ride (16 hexadecimal digits), or decimal as in the journal's log. */
static int ride_of(const char *text, uint64_t *ret_ride)
{
	char *end;
	errno = 0;
	*ret_ride = strtoull(text, &end, strlen(text) == 16 || !strncmp(text, "0x", 2) ? 16 : 10);
	return errno || *end || !*ret_ride || *text == '-' ? ERR_USAGE : ERR_OK;
}

static int erase_one(struct desk *desk, const struct options *options, struct err_detail *detail)
{
	struct decision decision;
	uint64_t ride;
	enum erase what = options->identity ? ERASE_IDENTITY : ERASE_ALL;
	if (ride_of(options->file, &ride))
		return err_set(detail, ERR_USAGE, "%s: expected a ride, as the API or dispatcher log shows it",
			       options->file);
	if (what == ERASE_ALL && core_ride(desk->core, ride))
		return err_set(detail, ERR_BUSY, "ride %016" PRIx64 " is not over, or not long enough", ride);
	int code = decide(desk, options, DECISION_ERASE, ride, &decision, detail);
	if (!code)
		code = journal_erase(desk->journal, ride, what, detail);
	if (!code)
		printf("ride %016" PRIx64 ": %s, decided and signed by %s\n", ride,
		       what == ERASE_ALL ? "erased" : "name and contact erased", decision.by);
	return code;
}

static int erase_older(struct desk *desk, const struct options *options, struct err_detail *detail)
{
	struct decision decision;
	int64_t age;
	uint32_t n = 0, total = 0;
	int more = 1;
	if (yaml_parse(options->older_than, YAML_DURATION, 0, INT64_MAX / 2, &age, sizeof age, detail))
		return err_set(detail, ERR_USAGE, "--older-than %s: expected a duration such as 365 d",
			       options->older_than);
	instant_ms before = core_now(desk->core) - age;
	if (before < 1)
		return err_set(detail, ERR_RANGE, "--older-than %s: before the beginning of time", options->older_than);
	int code = decide(desk, options, DECISION_ERASE_BEFORE, (uint64_t)before, &decision, detail);
	while (!code && more) {
		code = journal_erase_before(desk->journal, before, options->identity ? ERASE_IDENTITY : ERASE_ALL, &n,
					    &more, detail);
		total += n;
	}
	printf("%" PRIu32 " rides: %s\n", total, options->identity ? "name and contact erased" : "erased");
	return code;
}

static int erase(struct desk *desk, const struct options *options, struct err_detail *detail)
{
	if (desk->held)
		return err_set(detail, ERR_CONFLICT, "a record holds the dispatcher: decide about that first");
	return options->older_than ? erase_older(desk, options, detail) : erase_one(desk, options, detail);
}

int erase_command(const struct options *options)
{
	if (!options->key || !options->why || !options->file == !options->older_than) {
		fputs("dispatcher erase: a RIDE or --older-than DURATION, --key FILE (made by dispatcher decider-key) "
		      "and "
		      "--why TEXT are needed\n",
		      stderr);
		return 2;
	}
	return with_desk(options, erase);
}

/* ---- skip ---- */

static int skip(struct desk *desk, const struct options *options, struct err_detail *detail)
{
	struct decision decision;
	if (!desk->held)
		return err_set(detail, ERR_CONFLICT, "no record holds the dispatcher: nothing to decide");
	int code = decide(desk, options, DECISION_SKIP, desk->recovered, &decision, detail);
	if (!code)
		printf("record %" PRIu64 " will be skipped, decided and signed by %s; start the dispatcher again\n",
		       desk->recovered, decision.by);
	return code;
}

int skip_command(const struct options *options)
{
	if (!options->key || !options->why) {
		fputs("dispatcher skip: --key FILE (made by dispatcher decider-key) and --why TEXT are needed\n",
		      stderr);
		return 2;
	}
	return with_desk(options, skip);
}
