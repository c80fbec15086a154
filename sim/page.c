#include "page.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "page_files.h"
#include "page_html.h"
#include "page_map.h"
#include "results.h"

#define FEW_SEEDS 5
#define COUNTED(list) (list), COUNT_OF(list)

static const char done_color[] = "#0b5d57", soft_color[] = "#7fb8ad", warm_color[] = "#e8a317", bad_color[] = "#b3182a",
		  grey_color[] = "#b5bdbb", pale_color[] = "#e7eae9", blue_color[] = "#3b6fd4",
		  violet_color[] = "#7a4fb5";

/* ---- words of this page ---- */

static const struct words refusal_words[REFUSALS] = {
	[REFUSAL_OUTSIDE_AREA] = {"outside the service area", "au\u00dferhalb des Gebiets"},
	[REFUSAL_OUTSIDE_HOURS] = {"outside the service hours", "au\u00dferhalb der Betriebszeit"},
	[REFUSAL_NO_STOP_NEAR] = {"no stop within the rider's walk", "kein Halt in Fu\u00dfweite"},
	[REFUSAL_NO_ROAD] = {"no road leads there", "keine Stra\u00dfe f\u00fchrt dorthin"},
	[REFUSAL_TOO_FAR_AHEAD] = {"too far ahead", "zu weit im Voraus"},
	[REFUSAL_IN_THE_PAST] = {"in the past", "in der Vergangenheit"},
	[REFUSAL_PARTY_TOO_LARGE] = {"party too large", "Gruppe zu gro\u00df"},
	[REFUSAL_NEED_UNKNOWN] = {"need unknown to the town", "Bedarf hier unbekannt"},
	[REFUSAL_NOT_STEP_FREE] = {"no stop known to be step-free", "kein nachweislich stufenloser Halt"},
	[REFUSAL_NO_VEHICLE] = {"no vehicle in service", "kein Fahrzeug im Dienst"},
	[REFUSAL_NO_SUPERVISOR] = {"no supervisor on duty", "keine Aufsicht im Dienst"},
	[REFUSAL_NO_CAPACITY] = {"no vehicle with such a place", "kein Fahrzeug mit solchem Platz"},
	[REFUSAL_NO_TIME] = {"no vehicle in time without breaking a promise",
			     "kein Fahrzeug rechtzeitig, ohne eine Zusage zu brechen"},
	[REFUSAL_CONNECTION] = {"the train cannot be reached", "der Zug ist nicht erreichbar"},
	[REFUSAL_PAUSED] = {"bookings paused", "Buchungen angehalten"},
	[REFUSAL_FULL] = {"the dispatcher was full", "der Disponent war voll"},
	[REFUSAL_OPEN_REQUEST] = {"another request was open", "eine andere Anfrage war offen"},
	[REFUSAL_SAME_PLACE] = {"from and to are one place", "Start und Ziel sind ein Ort"},
	[REFUSAL_NO_FALLBACK] = {"no fallback at the end of the day", "keine R\u00fcckfallebene am Tagesende"},
	[REFUSAL_TRIP_UNKNOWN] = {"the trip is not in the timetable", "die Fahrt steht nicht im Fahrplan"}};

static const struct words left_out[] = {
	{"Vehicles drive at the legal speeds of the map with its turn costs; congestion, traffic lights' phases, "
	 "parking, weather and "
	 "blocked kerbs are not modelled (the setting streets.slow slows everything alike).",
	 "Fahrzeuge fahren mit den zul\u00e4ssigen Geschwindigkeiten der Karte und deren Abbiegezeiten; Stau, "
	 "Ampelphasen, Parken, Wetter und "
	 "zugestellte Halte fehlen (die Einstellung streets.slow bremst alles gleich)."},
	{"Demand is given: nobody chooses another mode because of a long wait, nobody asks again after a refusal, "
	 "nobody learns.",
	 "Die Nachfrage ist gegeben: niemand w\u00e4hlt wegen langer Wartezeit ein anderes Verkehrsmittel, fragt nach "
	 "einer Absage erneut oder "
	 "lernt dazu."},
	{"Drawn wishes come from the map's addresses, each as likely as any other, and from the timetable: not from a "
	 "census, a survey or "
	 "counts.",
	 "Gezogene W\u00fcnsche stammen aus den Adressen der Karte, jede gleich wahrscheinlich, und aus dem Fahrplan: "
	 "nicht aus Strukturdaten, "
	 "Befragung oder Z\u00e4hlung."},
	{"Riders take the first offer that their patience allows; fares play no part.",
	 "Fahrg\u00e4ste nehmen das erste Angebot, das ihre Geduld erlaubt; der Preis spielt keine Rolle."},
	{"Supervisors and the desk are always there and answer at once; every depot has a free charger and somebody "
	 "who cleans.",
	 "Technische Aufsicht und Leitstelle sind immer da und antworten sofort; am Depot ist immer ein Lader frei."},
	{"Dispatcher, link and vehicle agents are the very programs of the live service; streets, riders, vehicles' "
	 "bodies and the network "
	 "are models.",
	 "Disponent, Verbindung und Fahrzeugagenten sind genau die Programme des Live-Betriebs; Stra\u00dfen, "
	 "Fahrg\u00e4ste, Fahrzeuge und Funknetz "
	 "sind Modelle."}};

/* ---- begin ---- */

static void write_head(const struct study *study, FILE *out)
{
	fputs("<!doctype html>\n<html lang=\"en\" data-en=\"Simulated: ", out);
	html_text(out, study->name);
	fputs("\" data-de=\"Simuliert: ", out);
	html_text(out, study->name);
	fputs("\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, "
	      "initial-scale=1\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
	      "script-src "
	      "'unsafe-inline'; img-src data:\">\n<link rel=\"icon\" href=\"data:,\">\n<title>Simulated: ",
	      out);
	html_text(out, study->name);
	fputs("</title>\n<style>\n", out);
	fwrite(page_css, 1, page_css_size, out);
	fputs("</style>\n</head>\n<body>\n<header><div><h1>", out);
	html_words(out, (struct words){"Simulated: ", "Simuliert: "});
	html_text(out, study->name);
	fputs("</h1><p>", out);
	html_text(out, town_text(study->town, study->town->name));
	fputs("</p></div><div class=\"languages\" role=\"group\" aria-label=\"Language / Sprache\" hidden><button "
	      "type=\"button\" "
	      "data-language=\"de\" aria-pressed=\"false\">Deutsch</button><button type=\"button\" "
	      "data-language=\"en\" "
	      "aria-pressed=\"true\">English</button></div></header>\n<main>\n",
	      out);
}

static void begin_section(FILE *out, struct words title)
{
	fputs("<section>", out);
	html_element(out, "h2", title);
}

static void warn(FILE *out, const char *more, struct words words, const char *detail)
{
	fprintf(out, "<p class=\"warning%s\">", more);
	html_words(out, words);
	if (detail[0]) {
		fputc(' ', out);
		html_text(out, detail);
	}
	fputs("</p>\n", out);
}

static void write_warnings(const struct study *study, FILE *out)
{
	const uint32_t n = study->sweep->n;
	if (n == 1)
		warn(out, "",
		     (struct words){"One seed only: these are the figures of one possible day. How far another day "
				    "would differ cannot be said; "
				    "run several seeds (--seeds 1..10).",
				    "Nur ein Seed: die Zahlen eines m\u00f6glichen Tages. Wie weit ein anderer Tag "
				    "abweicht, ist nicht bekannt; mehrere "
				    "Seeds rechnen (--seeds 1..10)."},
		     "");
	else if (n < FEW_SEEDS)
		warn(out, "",
		     (struct words){
			     "Few seeds: the intervals rest on few simulated days and are wide.",
			     "Wenige Seeds: die Intervalle beruhen auf wenigen simulierten Tagen und sind weit."},
		     "");
	for (uint32_t i = 0; i < n; i++)
		if (study->sweep->runs[i].code)
			warn(out, " bad",
			     (struct words){"A run ended with an error:", "Ein Lauf endete mit einem Fehler:"},
			     study->sweep->runs[i].detail.text);
}

static void write_summary(const struct study *study, FILE *out)
{
	begin_section(out, (struct words){"In short", "Kurz gesagt"});
	fputs("<p><span class=\"badge\">", out);
	html_words(out, (struct words){"Simulated, not measured", "Simuliert, nicht gemessen"});
	fputs("</span>", out);
	if (study->invented) {
		fputs("<span class=\"badge\">", out);
		html_words(out, (struct words){"Invented timetable", "Erfundener Fahrplan"});
		fputs("</span>", out);
	}
	if (town_text(study->town, study->town->generated)[0]) {
		fputs("<span class=\"badge\">", out);
		html_words(out, (struct words){"Generated town", "Erzeugte Stadt"});
		fputs("</span>", out);
	}
	fputs("</p>\n", out);
	write_warnings(study, out);
}

/* ---- figures at a glance ---- */

static int is_share(const struct indicator *indicator)
{
	return !strcmp(indicator->unit, "share");
}

/* As people read it: shares in per cent; for_people: seconds in minutes. */
static void write_bare(FILE *out, const struct indicator *indicator, double value, int for_people)
{
	if (is_share(indicator))
		html_number(out, value * 100, indicator->decimals > 2 ? indicator->decimals - 2 : 0);
	else if (!strcmp(indicator->unit, "s") && for_people)
		html_number(out, value / 60, 1);
	else
		html_number(out, value, indicator->decimals);
}

static struct words unit_words(const struct indicator *indicator)
{
	if (is_share(indicator))
		return (struct words){"%", "%"};
	if (!strcmp(indicator->unit, "s"))
		return (struct words){"min", "min"};
	if (!strcmp(indicator->unit, "persons"))
		return (struct words){"persons", "Personen"};
	if (!strcmp(indicator->unit, "1/h"))
		return (struct words){"per hour", "je Stunde"};
	return !strcmp(indicator->unit, "factor") ? (struct words){"", ""}
						  : (struct words){indicator->unit, indicator->unit};
}

static void write_value(FILE *out, const struct indicator *indicator, double value)
{
	write_bare(out, indicator, value, 1);
	if (isnan(value))
		return;
	fputs("\u00a0<small>", out);
	html_words(out, unit_words(indicator));
	fputs("</small>", out);
}

static void write_tiles(const struct study *study, FILE *out)
{
	static const char *const names[] = {
		"requests",	"rides",	"promised_share",	   "promises_kept_share",
		"wait_average", "wait_p95",	"in_vehicle_time_average", "detour_factor",
		"walk_average", "shared_share", "rides_per_vehicle_hour",  "driven_km",
		"empty_ratio",	"occupancy"};
	fputs("<dl class=\"tiles\">\n", out);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		uint32_t index = indicator_find(names[i]);
		struct spread spread = study_spread(study, &study->groups[0], index);
		fputs("<div><dt>", out);
		html_words(out, (struct words){indicators[index].en, indicators[index].de});
		fputs("</dt><dd>", out);
		write_value(out, &indicators[index], spread.mean);
		fputs("</dd>", out);
		if (!isnan(spread.low)) {
			fputs("<dd class=\"interval\">", out);
			write_bare(out, &indicators[index], spread.low, 1);
			html_words(out, (struct words){" to ", " bis "});
			write_value(out, &indicators[index], spread.high);
			fputs("</dd>", out);
		}
		fputs("</div>\n", out);
	}
	fputs("</dl>\n", out);
	if (study->sweep->n > 1) {
		fputs("<p class=\"unit\">", out);
		fprintf(out, "%" PRIu32 " ", study->sweep->n);
		html_words(out,
			   (struct words){
				   "seeds. Large: mean. Small: where the mean lies with 95 % confidence (Student's t).",
				   "Seeds. Gro\u00df: Mittel. Klein: wo das Mittel mit 95 % Sicherheit liegt "
				   "(Student-t)."});
		fputs("</p>\n", out);
	}
	fputs("</section>\n", out);
}

/* ---- plots ---- */

struct columns { /* figures of the groups of a kind, ready to plot */
	uint32_t n;
	struct words *labels;
	char (*texts)[64];
	double *values; /* [n_rows * n]: mean, low, high of each figure asked for */
};

static void close_columns(struct columns *columns)
{
	free(columns->labels);
	free(columns->texts);
	free(columns->values);
}

static void label(const struct study *study, const struct study_group *group, char *text, struct words *words)
{
	const struct town *town = study->town;
	snprintf(text, 64, "%s", group->name);
	*words = (struct words){text, text};
	if (group->kind != GROUP_NEED)
		return;
	*words = group->which == GROUP_NO_NEED ? (struct words){"seat only", "nur Sitzplatz"}
					       : (struct words){town_text(town, town->need_label_en[group->which]),
								town_text(town, town->need_label_de[group->which])};
}

static int open_columns(struct columns *columns, const struct study *study, uint8_t kind, const char *const *names,
			uint32_t n_names)
{
	*columns = (struct columns){0};
	for (size_t g = 0; g < study->n_groups; g++)
		columns->n += study->groups[g].kind == kind;
	columns->labels = calloc(columns->n + 1, sizeof *columns->labels);
	columns->texts = calloc(columns->n + 1, sizeof *columns->texts);
	columns->values = calloc((size_t)3 * n_names * columns->n + 1, sizeof *columns->values);
	if (!columns->labels || !columns->texts || !columns->values) {
		close_columns(columns);
		return ERR_MEMORY;
	}
	uint32_t at = 0;
	for (size_t g = 0; g < study->n_groups; g++) {
		if (study->groups[g].kind != kind)
			continue;
		label(study, &study->groups[g], columns->texts[at], &columns->labels[at]);
		for (uint32_t i = 0; i < n_names; i++) {
			struct spread spread = study_spread(study, &study->groups[g], indicator_find(names[i]));
			double *row = columns->values + (size_t)3 * i * columns->n;
			row[at] = spread.mean;
			row[columns->n + at] = spread.low;
			row[2 * columns->n + at] = spread.high;
		}
		at++;
	}
	return ERR_OK;
}

static double *column(const struct columns *columns, uint32_t figure, int part)
{
	return columns->values + ((size_t)3 * figure + (size_t)part) * columns->n;
}

static const struct words hour_words = {"Hour of the day", "Stunde des Tages"}, need_words = {"Need", "Bedarf"};

static int write_requests_plot(const struct study *study, FILE *out)
{
	static const char *const names[] = {"requests", "rides", "rejections"};
	struct columns columns;
	int code = open_columns(&columns, study, GROUP_HOUR, COUNTED(names));
	if (code)
		return code;
	double *rest = column(&columns, 0, 1); /* what is neither: taken for its own plot, the interval is not drawn */
	for (uint32_t i = 0; i < columns.n; i++)
		rest[i] = column(&columns, 0, 0)[i] - column(&columns, 1, 0)[i] - column(&columns, 2, 0)[i];
	const struct plot_series series[] = {
		{{"Rides carried out", "Durchgef\u00fchrte Fahrten"}, done_color, column(&columns, 1, 0), NULL, NULL},
		{{"Not taken, cancelled, no-show, broken", "Nicht angenommen, storniert, nicht erschienen, gebrochen"},
		 warm_color,
		 rest,
		 NULL,
		 NULL},
		{{"Refused", "Abgelehnt"}, bad_color, column(&columns, 2, 0), NULL, NULL}};
	plot_write(out, &(struct plot){.id = "plot-requests",
				       .title = {"What became of the requests", "Was aus den Anfragen wurde"},
				       .note = {"By the hour in which riders asked.", "Nach der Stunde der Anfrage."},
				       .axis = {"Requests an hour", "Anfragen je Stunde"},
				       .category = hour_words,
				       .kind = PLOT_STACKED,
				       .decimals = 1,
				       .n = columns.n,
				       .n_series = COUNT_OF(series),
				       .labels = columns.labels,
				       .series = series});
	close_columns(&columns);
	return ERR_OK;
}

static int write_waits_plot(const struct study *study, FILE *out)
{
	static const char *const names[] = {"wait_average", "wait_p95", "in_vehicle_time_average"};
	struct columns columns;
	int code = open_columns(&columns, study, GROUP_HOUR, COUNTED(names));
	if (code)
		return code;
	for (size_t i = 0; i < (size_t)9 * columns.n; i++)
		columns.values[i] /= 60;
	const struct plot_series series[] = {{{"Waiting, mean", "Wartezeit, Mittel"},
					      done_color,
					      column(&columns, 0, 0),
					      column(&columns, 0, 1),
					      column(&columns, 0, 2)},
					     {{"Waiting, 95th percentile", "Wartezeit, 95. Perzentil"},
					      bad_color,
					      column(&columns, 1, 0),
					      column(&columns, 1, 1),
					      column(&columns, 1, 2)},
					     {{"Time aboard, mean", "Fahrzeit, Mittel"},
					      blue_color,
					      column(&columns, 2, 0),
					      column(&columns, 2, 1),
					      column(&columns, 2, 2)}};
	plot_write(out, &(struct plot){.id = "plot-waits",
				       .title = {"Waiting and riding", "Warten und Fahren"},
				       .note = {"By the hour in which riders asked; pale bars: 95 % interval of the "
						"mean over the seeds.",
						"Nach der Stunde der Anfrage; blasse Balken: 95-%-Intervall des "
						"Mittels \u00fcber die Seeds."},
				       .axis = {"Minutes", "Minuten"},
				       .category = hour_words,
				       .kind = PLOT_LINES,
				       .decimals = 1,
				       .n = columns.n,
				       .n_series = COUNT_OF(series),
				       .labels = columns.labels,
				       .series = series});
	close_columns(&columns);
	return ERR_OK;
}

/* Vehicles in a state, on average over an hour. */
static double vehicles_in(const struct study *study, uint32_t hour, int state)
{
	double ms = 0;
	uint32_t n = 0;
	for (uint32_t r = 0; r < study->sweep->n; r++) {
		const struct day *day = study->sweep->runs[r].day;
		for (uint32_t h = 0; day && h < DAY_HOURS_MAX; h++)
			if (day_hour_of(day, day->midnight + (instant_ms)h * HOUR_MS) == hour)
				ms += (double)day->hours[h].state_ms[state];
		n += day != NULL;
	}
	double days = ceil((double)study->scenario->minutes / 1440);
	return n ? ms / (double)HOUR_MS / n / days : 0;
}

static int write_fleet_plot(const struct study *study, FILE *out)
{
	static const struct words words[DAY_STATES] = {
		[DAY_IDLE] = {"Idle", "Frei"},
		[DAY_EMPTY] = {"Driving empty", "Leer fahrend"},
		[DAY_LOADED] = {"Driving with riders", "Mit Fahrg\u00e4sten fahrend"},
		[DAY_STOP] = {"At a stop", "Am Halt"},
		[DAY_CHARGING] = {"Charging", "L\u00e4dt"},
		[DAY_CLEANING] = {"Being cleaned", "Wird gereinigt"},
		[DAY_DOWN] = {"Out of order", "Au\u00dfer Betrieb"},
		[DAY_OFF] = {"Off duty", "Nicht im Dienst"}};
	static const uint8_t order[DAY_STATES] = {DAY_LOADED,	DAY_STOP, DAY_EMPTY, DAY_CHARGING,
						  DAY_CLEANING, DAY_IDLE, DAY_DOWN,  DAY_OFF};
	const char *const colors[DAY_STATES] = {done_color,   blue_color, soft_color, warm_color,
						violet_color, grey_color, bad_color,  pale_color};
	struct plot_series series[DAY_STATES];
	struct columns columns;
	int code =
		open_columns(&columns, study, GROUP_HOUR, (const char *const[]){"vehicles", "vehicles", "vehicles"}, 3);
	uint32_t at = 0;
	if (code)
		return code;
	for (size_t g = 0; g < study->n_groups; g++) {
		if (study->groups[g].kind != GROUP_HOUR)
			continue;
		for (uint32_t s = 0; s < DAY_STATES; s++)
			columns.values[s * columns.n + at] = vehicles_in(study, study->groups[g].which, order[s]);
		at++;
	}
	for (uint32_t s = 0; s < DAY_STATES; s++)
		series[s] = (struct plot_series){words[order[s]], colors[s], columns.values + (size_t)s * columns.n,
						 NULL, NULL};
	plot_write(out, &(struct plot){.id = "plot-fleet",
				       .title = {"What the vehicles did", "Was die Fahrzeuge taten"},
				       .note = {"Mean number of vehicles in each state.",
						"Mittlere Zahl der Fahrzeuge je Zustand."},
				       .axis = {"Vehicles", "Fahrzeuge"},
				       .category = hour_words,
				       .kind = PLOT_STACKED,
				       .decimals = 1,
				       .n = columns.n,
				       .n_series = DAY_STATES,
				       .labels = columns.labels,
				       .series = series});
	close_columns(&columns);
	return ERR_OK;
}

static void write_histogram(const struct study *study, FILE *out)
{
	uint64_t counts[INDICATOR_WAIT_BINS] = {0}, all = 0;
	char texts[INDICATOR_WAIT_BINS][24];
	struct words labels[INDICATOR_WAIT_BINS];
	double shares[INDICATOR_WAIT_BINS];
	for (uint32_t r = 0; r < study->sweep->n; r++)
		if (study->sweep->runs[r].day)
			indicators_waits(study->sweep->runs[r].day, counts);
	for (uint32_t i = 0; i < INDICATOR_WAIT_BINS; i++)
		all += counts[i];
	for (uint32_t i = 0; i < INDICATOR_WAIT_BINS; i++) {
		if (i + 1 < INDICATOR_WAIT_BINS)
			snprintf(texts[i], sizeof texts[i], "%u\u2013%u", i * 5, i * 5 + 5);
		else
			snprintf(texts[i], sizeof texts[i], "> %u", i * 5);
		labels[i] = (struct words){texts[i], texts[i]};
		shares[i] = all ? (double)counts[i] * 100 / (double)all : 0;
	}
	const struct plot_series series[] = {
		{{"Share of rides boarded", "Anteil der eingestiegenen Fahrten"}, done_color, shares, NULL, NULL}};
	plot_write(out, &(struct plot){.id = "plot-histogram",
				       .title = {"How long riders waited", "Wie lange Fahrg\u00e4ste warteten"},
				       .note = {"From the wish to boarding, all seeds together.",
						"Vom Wunsch bis zum Einstieg, alle Seeds zusammen."},
				       .axis = {"Per cent of rides boarded", "Prozent der eingestiegenen Fahrten"},
				       .category = {"Minutes waited", "Minuten Wartezeit"},
				       .kind = PLOT_STACKED,
				       .decimals = 1,
				       .n = INDICATOR_WAIT_BINS,
				       .n_series = 1,
				       .labels = labels,
				       .series = series});
}

static int write_needs_plot(const struct study *study, FILE *out)
{
	static const char *const names[] = {"rejection_rate", "wait_average", "requests"};
	struct columns columns;
	int code = open_columns(&columns, study, GROUP_NEED, COUNTED(names));
	if (code)
		return code;
	for (uint32_t i = 0; i < columns.n; i++) {
		column(&columns, 0, 0)[i] *= 100;
		column(&columns, 1, 0)[i] /= 60;
	}
	struct plot_series series = {
		{"Refused, per cent", "Abgelehnt, Prozent"}, bad_color, column(&columns, 0, 0), NULL, NULL};
	struct plot plot = {.id = "plot-needs-refused",
			    .title = {"Refused, by need", "Abgelehnt, nach Bedarf"},
			    .note = {"rejections / requests of those who named the need: none should stand out.",
				     "rejections / requests derer mit diesem Bedarf: keiner sollte herausragen."},
			    .axis = {"Per cent of requests", "Prozent der Anfragen"},
			    .category = need_words,
			    .kind = PLOT_STACKED,
			    .decimals = 1,
			    .n = columns.n,
			    .n_series = 1,
			    .labels = columns.labels,
			    .series = &series};
	fputs("<div class=\"two\">", out);
	plot_write(out, &plot);
	series = (struct plot_series){
		{"Waiting, mean", "Wartezeit, Mittel"}, done_color, column(&columns, 1, 0), NULL, NULL};
	plot.id = "plot-needs-wait";
	plot.title = (struct words){"Waiting, by need", "Wartezeit, nach Bedarf"};
	plot.note = (struct words){"Mean of the riders who boarded.", "Mittel der Eingestiegenen."};
	plot.axis = (struct words){"Minutes", "Minuten"};
	plot_write(out, &plot);
	fputs("</div>\n", out);
	close_columns(&columns);
	return ERR_OK;
}

/* ---- tables ---- */

static void begin_table(FILE *out, const char *id, struct words title)
{
	fprintf(out,
		"<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"%s\"><table><caption id=\"%s\">",
		id, id);
	html_words(out, title);
	fputs("</caption>", out);
}

static void write_refusals(const struct study *study, FILE *out)
{
	double all = study_mean(study, &study->groups[0], "requests");
	begin_table(out, "refusals",
		    (struct words){"Why requests were refused (mean of a day)",
				   "Warum Anfragen abgelehnt wurden (Mittel eines Tages)"});
	fputs("<thead><tr>", out);
	html_element(out, "th scope=\"col\"", (struct words){"Reason", "Grund"});
	html_element(out, "th scope=\"col\"", (struct words){"Requests", "Anfragen"});
	html_element(out, "th scope=\"col\"", (struct words){"Per cent of all requests", "Prozent aller Anfragen"});
	fputs("</tr></thead><tbody>\n", out);
	for (uint32_t reason = 1; reason < REFUSALS; reason++) {
		double n = 0;
		for (uint32_t r = 0; r < study->sweep->n; r++)
			n += (double)study->sweep->runs[r].counts.rejections_by[reason];
		if (n <= 0)
			continue;
		n /= study->sweep->n;
		fputs("<tr><th scope=\"row\">", out);
		const char *name = core_refusal_name((uint8_t)reason);
		html_words(out, refusal_words[reason].en ? refusal_words[reason] : (struct words){name, name});
		fputs("</th><td>", out);
		html_number(out, n, study->sweep->n > 1);
		fputs("</td><td>", out);
		html_number(out, all > 0 ? n * 100 / all : NAN, 1);
		fputs("</td></tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
}

static void write_figure_row(const struct study *study, uint32_t i, FILE *out)
{
	const struct indicator *indicator = &indicators[i];
	struct spread spread = study_spread(study, &study->groups[0], i);
	fputs("<tr><th scope=\"row\">", out);
	html_words(out, (struct words){indicator->en, indicator->de});
	fprintf(out, "<br><code>%s</code></th><td>", indicator->name);
	const double values[] = {spread.mean, spread.low, spread.high};
	for (int v = 0; v < 3; v++) {
		write_bare(out, indicator, values[v], 0);
		fputs(v < 2 ? "</td><td>" : "</td>", out);
	}
	fputs("<td class=\"words\">", out);
	html_words(out, is_share(indicator)		      ? (struct words){"%", "%"}
			: !strcmp(indicator->unit, "persons") ? (struct words){"persons", "Personen"}
			: !strcmp(indicator->unit, "factor")  ? (struct words){"factor", "Faktor"}
							      : (struct words){indicator->unit, indicator->unit});
	fputs("</td><td class=\"words long\">", out);
	html_words(out, (struct words){indicator->define_en, indicator->define_de});
	if (indicator->known_as[0])
		fprintf(out, " <em>(%s)</em>", indicator->known_as);
	fputs("</td></tr>\n", out);
}

static void write_figures(const struct study *study, FILE *out)
{
	static const struct words heads[] = {
		{"Figure", "Kennzahl"}, {"Mean", "Mittel"}, {"from", "von"}, {"to", "bis"}};
	begin_section(out, (struct words){"All figures and what they mean", "Alle Kennzahlen und was sie bedeuten"});
	begin_table(out, "all-figures",
		    (struct words){"Mean over the seeds and its 95 % interval",
				   "Mittel \u00fcber die Seeds und sein 95-%-Intervall"});
	fputs("<thead><tr>", out);
	for (size_t i = 0; i < COUNT_OF(heads); i++)
		html_element(out, "th scope=\"col\"", heads[i]);
	html_element(out, "th scope=\"col\" class=\"words\"", (struct words){"Unit", "Einheit"});
	html_element(out, "th scope=\"col\" class=\"words\"", (struct words){"Definition", "Definition"});
	fputs("</tr></thead><tbody>\n", out);
	for (uint32_t i = 0; i < n_indicators; i++)
		write_figure_row(study, i, out);
	fputs("</tbody></table></div></section>\n", out);
}

/* ---- what it rests on ---- */

static int write_settings(const struct study *study, FILE *out)
{
	char *text = NULL;
	size_t n = 0;
	FILE *memory = open_memstream(&text, &n);
	if (!memory)
		return ERR_MEMORY;
	scenario_write(study->scenario, 0, memory);
	int failed = fclose(memory);
	fputs("<details><summary>", out);
	html_words(out, (struct words){"All settings of the scenario", "Alle Einstellungen des Szenarios"});
	fputs("</summary><pre tabindex=\"0\">", out);
	html_text(out, failed ? "" : text);
	fputs("</pre></details>\n", out);
	free(text);
	return failed ? ERR_MEMORY : ERR_OK;
}

static void write_origin(const struct study *study, FILE *out)
{
	const struct sweep *sweep = study->sweep;
	fputs("<ul class=\"plain\">", out);
	fprintf(out, "<li>Zubringer sim %s, engine %d</li><li>", ZUB_VERSION, CORE_ENGINE_VERSION);
	html_words(out, (struct words){"Scenario ", "Szenario "});
	html_text(out, study->name);
	fprintf(out, ", <code>%s</code></li><li>", study->scenario_hash);
	html_words(out, (struct words){"Town file ", "Stadtdatei "});
	fprintf(out, "<code>%s</code></li><li>Seeds: ", study->town_hash);
	for (uint32_t i = 0; i < sweep->n; i++)
		fprintf(out, "%s%" PRIu64, i ? ", " : "", sweep->runs[i].seed);
	fputs("</li><li>", out);
	html_text(out, study->attribution);
	fputs("</li><li>", out);
	html_words(out,
		   (struct words){"An independent checker read every command and every answer of each run: ",
				  "Ein unabh\u00e4ngiger Pr\u00fcfer las jeden Befehl und jede Antwort jedes Laufs: "});
	const char *fault = "";
	for (uint32_t i = 0; i < sweep->n && !fault[0]; i++)
		fault = sweep->runs[i].fault;
	if (fault[0])
		html_text(out, fault);
	else
		html_words(out, (struct words){"nothing wrong.", "nichts zu beanstanden."});
	fputs("</li></ul>\n", out);
}

static void write_group(const struct study *study, uint32_t first, uint32_t n, FILE *out)
{
	const struct world_group group = world_group_of(&study->scenario->world, first, NULL);
	fprintf(out, "<li>%" PRIu32 " \u00d7 ", n);
	html_text(out, group.class_name);
	html_words(out, (struct words){": seats ", ": Sitze "});
	fprintf(out, "%u", group.spaces[0]);
	html_words(out, (struct words){", wheelchair bays ", ", Rollstuhlpl\u00e4tze "});
	fprintf(out, "%u", group.spaces[1]);
	if (group.shift_to_s) {
		fprintf(out, ", %02d:%02d\u2013%02d:%02d ", group.shift_from_s / 3600, group.shift_from_s / 60 % 60,
			group.shift_to_s / 3600, group.shift_to_s / 60 % 60);
		html_words(out, (struct words){"(shift)", "(Schicht)"});
	}
	fputs("</li>\n", out);
}

/* The fleet and the wishes: what somebody chose, not what came out. */
static void write_assumed(const struct study *study, FILE *out)
{
	const struct scenario *scenario = study->scenario;
	const struct world_options *world = &scenario->world;
	html_element(out, "h3", (struct words){"Assumptions", "Annahmen"});
	fputs("<ul class=\"plain\">", out);
	if (world->n_groups == 0)
		write_group(study, 0, world->n_vehicles, out);
	for (uint32_t g = 0, first = 0; g < world->n_groups; first += world->groups[g++].n_vehicles)
		write_group(study, first, world->groups[g].n_vehicles, out);
	html_element(out, "li",
		     scenario->trips[0] ? (struct words){"Wishes read from a table of trips.",
							 "W\u00fcnsche aus einer Tabelle gelesen."}
		     : scenario->demand.has_totals
			     ? (struct words){"Wishes drawn from addresses and the timetable; their number by hour is "
					      "a given total.",
					      "W\u00fcnsche aus Adressen und Fahrplan gezogen; ihre Zahl je Stunde ist "
					      "vorgegeben."}
			     : (struct words){"Wishes drawn from addresses and the timetable, evenly over the day.",
					      "W\u00fcnsche aus Adressen und Fahrplan gezogen, gleichm\u00e4\u00dfig "
					      "\u00fcber den Tag."});
	html_element(out, "li",
		     (struct words){"How many ride from and to trains, cancel, do not come, are late, use a "
				    "wheelchair: shares in the settings below, "
				    "guesses unless a survey stands behind them.",
				    "Wie viele von und zu Z\u00fcgen fahren, stornieren, nicht kommen, sich "
				    "versp\u00e4ten, im Rollstuhl sitzen: Anteile in den "
				    "Einstellungen unten, gesch\u00e4tzt, solange keine Erhebung dahintersteht."});
	fputs("</ul>\n", out);
	html_element(out, "h3", (struct words){"Left out", "Nicht abgebildet"});
}

static int write_basis(const struct study *study, FILE *out)
{
	begin_section(out, (struct words){"What it rests on, and what is left out", "Worauf es beruht, und was fehlt"});
	write_assumed(study, out);
	fputs("<ul class=\"plain\">", out);
	for (size_t i = 0; i < COUNT_OF(left_out); i++)
		html_element(out, "li", left_out[i]);
	fputs("</ul>\n", out);
	int code = write_settings(study, out);
	write_origin(study, out);
	fputs("</section>\n", out);
	return code;
}

int page_write(const struct study *study, FILE *out)
{
	write_head(study, out);
	write_summary(study, out);
	write_tiles(study, out);
	begin_section(out, (struct words){"Map", "Karte"});
	int code = page_map_write(study, out);
	fputs("</section>\n", out);
	begin_section(out, (struct words){"Over the day", "\u00dcber den Tag"});
	if (!code)
		code = write_requests_plot(study, out);
	if (!code)
		code = write_waits_plot(study, out);
	if (!code)
		code = write_fleet_plot(study, out);
	write_histogram(study, out);
	fputs("</section>\n", out);
	begin_section(out, (struct words){"Who was served", "Wer bedient wurde"});
	write_refusals(study, out);
	if (!code)
		code = write_needs_plot(study, out);
	fputs("</section>\n", out);
	write_figures(study, out);
	if (!code)
		code = write_basis(study, out);
	fputs("</main>\n<script>\n", out);
	fwrite(page_js, 1, page_js_size, out);
	fputs("</script>\n</body>\n</html>\n", out);
	return code;
}
