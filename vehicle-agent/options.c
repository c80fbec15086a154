#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

const char options_usage[] =
	"usage: vehicle-agent --vehicle N --town FILE --connect tcp://HOST:PORT --server-key FILE --key FILE --state "
	"FILE\n"
	"                     --start LAT,LON|ARC:OFFSET_MM [more]\n"
	"       vehicle-agent --key FILE --make-key\n"
	"\n"
	"  --vehicle N          number, for the log (the dispatcher knows the vehicle by its key)\n"
	"  --name TEXT          name, for the log\n"
	"  --town FILE          town file, the one the dispatcher has\n"
	"  --connect ENDPOINT   of the dispatcher\n"
	"  --server-key FILE    the dispatcher's public key (its key file with .pub); may appear later\n"
	"  --key FILE           own key pair, made at first start (mode 0600); the public key is written to FILE.pub\n"
	"  --make-key           only make the key pair and print the public key\n"
	"  --state FILE         the vehicle's memory\n"
	"  --class NAME         vehicle class of the town (shuttle)\n"
	"  --spaces N,N,...     how many of each space of the town's table (6,1)\n"
	"  --start PLACE        where the vehicle stands at its first start: LAT,LON (nearest road) or ARC:OFFSET_MM\n"
	"  --body kinematic     the driving stack; kinematic is the only one\n"
	"  --battery-wh N       usable energy (40000)       --charge-w N   charging power (22000)\n"
	"  --battery N          charge at the first start, permille (1000)\n"
	"  --slow N             drives N permille slower than the map says (0)\n"
	"  --doors-ms N         from standing at a stop until the first rider passes the door (5000)\n"
	"  --console            reads lines from standard input: call | stop | emergency | code NNNN | mrc TEXT | "
	"fault TEXT | clear\n"
	"  --quiet              logs errors and warnings only\n";

enum {
	OPTION_VEHICLE = 1,
	OPTION_NAME,
	OPTION_TOWN,
	OPTION_CONNECT,
	OPTION_SERVER_KEY,
	OPTION_KEY,
	OPTION_MAKE_KEY,
	OPTION_STATE,
	OPTION_CLASS,
	OPTION_SPACES,
	OPTION_START,
	OPTION_BODY,
	OPTION_BATTERY_WH,
	OPTION_CHARGE_W,
	OPTION_BATTERY,
	OPTION_SLOW,
	OPTION_DOORS,
	OPTION_CONSOLE,
	OPTION_QUIET,
	OPTION_HELP
};

static const struct option table[] = {{"vehicle", 1, NULL, OPTION_VEHICLE},
				      {"name", 1, NULL, OPTION_NAME},
				      {"town", 1, NULL, OPTION_TOWN},
				      {"connect", 1, NULL, OPTION_CONNECT},
				      {"server-key", 1, NULL, OPTION_SERVER_KEY},
				      {"key", 1, NULL, OPTION_KEY},
				      {"make-key", 0, NULL, OPTION_MAKE_KEY},
				      {"state", 1, NULL, OPTION_STATE},
				      {"class", 1, NULL, OPTION_CLASS},
				      {"spaces", 1, NULL, OPTION_SPACES},
				      {"start", 1, NULL, OPTION_START},
				      {"body", 1, NULL, OPTION_BODY},
				      {"battery-wh", 1, NULL, OPTION_BATTERY_WH},
				      {"charge-w", 1, NULL, OPTION_CHARGE_W},
				      {"battery", 1, NULL, OPTION_BATTERY},
				      {"slow", 1, NULL, OPTION_SLOW},
				      {"doors-ms", 1, NULL, OPTION_DOORS},
				      {"console", 0, NULL, OPTION_CONSOLE},
				      {"quiet", 0, NULL, OPTION_QUIET},
				      {"help", 0, NULL, OPTION_HELP},
				      {NULL, 0, NULL, 0}};

static int read_number(const char *name, const char *text, uint32_t low, uint32_t high, uint32_t *ret_value,
		       struct err_detail *detail)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || value < low || value > high)
		return err_set(detail, ERR_USAGE, "--%s %s: expected a number from %u to %u", name, text, low, high);
	*ret_value = (uint32_t)value;
	return ERR_OK;
}

static int read_spaces(const char *text, uint8_t *ret_spaces, struct err_detail *detail)
{
	char copy[128];
	char *rest = copy, *part;
	uint32_t n = 0;

	if (strlen(text) >= sizeof copy)
		return err_set(detail, ERR_USAGE, "--spaces %s: too long", text);
	memcpy(copy, text, strlen(text) + 1);
	memset(ret_spaces, 0, WIRE_SPACES_MAX);
	while ((part = strsep(&rest, ",")) != NULL) {
		uint32_t value;
		int rc = read_number("spaces", part, 0, 255, &value, detail);
		if (rc)
			return rc;
		if (n == WIRE_SPACES_MAX)
			return err_set(detail, ERR_USAGE, "--spaces %s: expected at most %d numbers", text,
				       WIRE_SPACES_MAX);
		ret_spaces[n++] = (uint8_t)value;
	}
	return ERR_OK;
}

static int read_body(const char *text, struct err_detail *detail)
{
	return strcmp(text, "kinematic") == 0 ? ERR_OK
					      : err_set(detail, ERR_USAGE, "--body %s: expected kinematic", text);
}

static int read_value(int option, const char *value, struct vehicle_options *options, struct err_detail *detail)
{
	uint32_t number = 0;
	int rc;

	switch (option) {
	case OPTION_VEHICLE:
		return read_number("vehicle", value, 1, UINT32_MAX - 1, &options->vehicle, detail);
	case OPTION_SPACES:
		return read_spaces(value, options->spaces, detail);
	case OPTION_BODY:
		return read_body(value, detail);
	case OPTION_BATTERY_WH:
		return read_number("battery-wh", value, 1, 10000000, &options->battery_wh, detail);
	case OPTION_CHARGE_W:
		return read_number("charge-w", value, 0, 10000000, &options->charge_w, detail);
	case OPTION_BATTERY:
		rc = read_number("battery", value, 0, 1000, &number, detail);
		options->battery_permille = (uint16_t)number;
		return rc;
	case OPTION_DOORS:
		return read_number("doors-ms", value, 0, 600000, &options->doors_ms, detail);
	case OPTION_SLOW:
		return read_number("slow", value, 0, 10000, &options->slow_permille, detail);
	default:
		return err_set(detail, ERR_USAGE, "unknown option");
	}
}

static const char **text_of(int option, struct vehicle_options *options)
{
	switch (option) {
	case OPTION_NAME:
		return &options->name;
	case OPTION_TOWN:
		return &options->town;
	case OPTION_CONNECT:
		return &options->connect;
	case OPTION_SERVER_KEY:
		return &options->server_key;
	case OPTION_KEY:
		return &options->key;
	case OPTION_STATE:
		return &options->state;
	case OPTION_CLASS:
		return &options->class_name;
	case OPTION_START:
		return &options->start;
	default:
		return NULL;
	}
}

static int *flag_of(int option, struct vehicle_options *options)
{
	switch (option) {
	case OPTION_MAKE_KEY:
		return &options->key_only;
	case OPTION_CONSOLE:
		return &options->console;
	case OPTION_QUIET:
		return &options->quiet;
	default:
		return NULL;
	}
}

static int complete(const struct vehicle_options *options, struct err_detail *detail)
{
	if (options->key && options->key_only)
		return ERR_OK;
	if (!options->town || !options->connect || !options->server_key || !options->key || !options->state ||
	    !options->start || (!options->vehicle && !options->name))
		return err_set(detail, ERR_USAGE,
			       "needs --vehicle (or --name), --town, --connect, --server-key, --key, --state, --start");
	if (strlen(options->class_name) > 31)
		return err_set(detail, ERR_USAGE, "--class %s: too long", options->class_name);
	return ERR_OK;
}

int options_read(int argc, char **argv, struct vehicle_options *ret_options, struct err_detail *detail)
{
	struct vehicle_options options = {.class_name = "shuttle",
					  .spaces = {6, 1},
					  .battery_wh = 40000,
					  .charge_w = 22000,
					  .doors_ms = 5000,
					  .battery_permille = 1000};
	int option, rc = ERR_OK;

	opterr = 0;
	while (!rc && (option = getopt_long(argc, argv, "", table, NULL)) != -1) {
		const char **text = text_of(option, &options);
		int *flag = flag_of(option, &options);
		if (text)
			*text = optarg;
		else if (flag)
			*flag = 1;
		else if (option == '?' || option == OPTION_HELP)
			rc = err_set(detail, ERR_USAGE, "%s: not an option, or its value is missing", argv[optind - 1]);
		else
			rc = read_value(option, optarg, &options, detail);
	}
	if (!rc && optind < argc)
		rc = err_set(detail, ERR_USAGE, "%s: not expected", argv[optind]);
	if (!rc)
		rc = complete(&options, detail);
	if (!rc)
		*ret_options = options;
	return rc;
}
