/* The booking form without script: what was typed, what it can mean, what is still to be chosen. */
#include "plain.h"
#include "zone.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTY_MOST 9

static const int walks_m[] = {0, 100, 200, 300, 500, 800, 1200};

void plain_form_new(struct plain_form *form, struct http *http)
{
	const struct town_rules *rules = &http_town(http)->rules;
	memset(form, 0, sizeof *form);
	form->from.wrong = form->to.wrong = form->at_wrong = PLAIN_NOTHING_WRONG;
	form->at_instant = INSTANT_NONE;
	form->counts[0] = 1;
	form->walk_m = rules->walk_max_mm / 1000 < 500 ? (int)(rules->walk_max_mm / 1000) : 500;
	snprintf(form->client, sizeof form->client, "%016llx%016llx",
		 (unsigned long long)http->host.random(http->host.self),
		 (unsigned long long)http->host.random(http->host.self));
}

/* ---- places ---- */
void plain_stop_text(const struct town *town, uint32_t stop, enum language language, char *text, size_t size)
{
	struct spot spot = town->stop_spot[stop]; /* class 0, the service's */
	const char *name = town_text(town, town->stop_name[stop]);
	const char *street = spot.arc < town->road.n_arcs ? town_text(town, town->road.name[spot.arc]) : "";
	const char *side = view_side(town, spot, town->stop_side[stop]);
	if (strstr(name, street)) /* said already */
		street = "";
	const char *step_free = town->stop_step_free[stop] == 1	  ? plain_word(language, PLAIN_STEP_FREE)
				: town->stop_step_free[stop] == 2 ? plain_word(language, PLAIN_NOT_STEP_FREE)
								  : "";
	snprintf(text, size, "%.60s%s%.40s%s%s%s%s", name[0] ? name : street, name[0] && street[0] ? ", " : "",
		 name[0] ? street : "", side ? ", " : "", side ? http_words(language, "side", side) : "",
		 step_free[0] ? ", " : "", step_free);
}

static int read_value(const struct town *town, const char *value, struct body_place *ret_place)
{
	char *end = NULL;
	struct body_place place = {.point = {INT32_MAX, INT32_MAX}, .stop = NONE};
	if (value[0] == 's') {
		unsigned long stop = strtoul(value + 1, &end, 10);
		if (value[1] < '0' || value[1] > '9' || *end || stop >= town->n_stops)
			return ERR_NOT_FOUND;
		place.stop = (uint32_t)stop;
	} else {
		double lat = strtod(value, &end);
		if (end == value || *end != ',' || !(lat >= -90 && lat <= 90))
			return ERR_FORMAT;
		const char *second = end + 1;
		double lon = strtod(second, &end);
		if (end == second || *end || !(lon >= -180 && lon <= 180))
			return ERR_FORMAT;
		place.point = (struct geo_point){(int32_t)lround(lat * 1e7), (int32_t)lround(lon * 1e7)};
	}
	*ret_place = place;
	return ERR_OK;
}

static void take(struct plain_place *place, const struct town *town, const char *value)
{
	if (strlen(value) < sizeof place->value && read_value(town, value, &place->place) == ERR_OK) {
		snprintf(place->value, sizeof place->value, "%s", value);
		place->n_found = 0;
		place->wrong = PLAIN_NOTHING_WRONG;
	}
}

static void add_found(struct plain_place *place, const char *value, const char *text)
{
	for (uint32_t i = 0; i < place->n_found; i++) {
		if (strcmp(place->found[i].text, text) == 0)
			return;
	}
	if (place->n_found == PLAIN_FOUND_MOST)
		return;
	struct plain_found *found = &place->found[place->n_found++];
	snprintf(found->value, sizeof found->value, "%s", value);
	snprintf(found->text, sizeof found->text, "%s", text);
}

/* Stops first: that is where shuttles stop. Names are compared as the address search folds them. */
static uint32_t find_stops(struct plain_place *place, const struct town *town, enum language language)
{
	char query[PLAIN_TEXT_BYTES], name[PLAIN_TEXT_BYTES], value[PLAIN_VALUE_BYTES], text[PLAIN_TEXT_BYTES];
	uint32_t exact = NONE, n_exact = 0;
	town_fold(place->text, query, sizeof query);
	for (uint32_t i = 0; query[0] && i < town->n_stops; i++) {
		town_fold(town_text(town, town->stop_name[i]), name, sizeof name);
		if (!strstr(name, query))
			continue;
		if (strcmp(name, query) == 0) {
			exact = i;
			n_exact++;
		}
		if (place->n_found < PLAIN_FOUND_MOST - 3 || strcmp(name, query) == 0) {
			snprintf(value, sizeof value, "s%u", i);
			plain_stop_text(town, i, language, text, sizeof text);
			add_found(place, value, text);
		}
	}
	return n_exact == 1 ? exact : NONE;
}

static uint32_t find_addresses(struct plain_place *place, const struct town *town)
{
	uint32_t found[PLAIN_FOUND_MOST], exact = NONE, n_exact = 0;
	char query[PLAIN_TEXT_BYTES], value[PLAIN_VALUE_BYTES];
	uint32_t n = town_search(town, place->text, found, PLAIN_FOUND_MOST);
	town_fold(place->text, query, sizeof query);
	for (uint32_t i = 0; i < n; i++) {
		struct geo_point point = town->address_point[found[i]];
		snprintf(value, sizeof value, "%.7f,%.7f", (double)point.lat_e7 / 1e7, (double)point.lon_e7 / 1e7);
		if (town->address_kind[found[i]] != ADDRESS_STOP) /* those stand among the stops already */
			add_found(place, value, town_text(town, town->address_text[found[i]]));
		if (strcmp(town_text(town, town->address_key[found[i]]), query) == 0) {
			exact = found[i];
			n_exact++;
		}
	}
	return n_exact == 1 ? exact : NONE;
}

/* One meaning is taken; of several a person chooses. */
static void resolve(struct plain_place *place, const struct town *town, enum language language)
{
	char value[PLAIN_VALUE_BYTES];
	if (place->value[0])
		return;
	if (!place->text[0]) {
		place->wrong = PLAIN_MISSING;
		return;
	}
	take(place, town, place->text); /* coordinates, typed or pasted */
	if (place->value[0])
		return;
	uint32_t stop = find_stops(place, town, language), address = find_addresses(place, town);
	if (stop != NONE) {
		snprintf(value, sizeof value, "s%u", stop);
		take(place, town, value);
	} else if (address != NONE && town->address_kind[address] != ADDRESS_STOP) {
		struct geo_point point = town->address_point[address];
		snprintf(value, sizeof value, "%.7f,%.7f", (double)point.lat_e7 / 1e7, (double)point.lon_e7 / 1e7);
		take(place, town, value);
	} else if (place->n_found == 1) {
		take(place, town, place->found[0].value);
	} else
		place->wrong = place->n_found ? PLAIN_CHOOSE : PLAIN_NOT_FOUND;
}

/* ---- reading ---- */
static void read_text(const struct evkeyvalq *fields, const char *name, char *text, size_t size)
{
	const char *value = evhttp_find_header(fields, name);
	if (value && strlen(value) < size && html_text_is_fine(value))
		snprintf(text, size, "%s", value);
}

static void read_place(struct plain_place *place, const struct town *town, const struct evkeyvalq *fields,
		       const char *name, enum language language)
{
	char key[32], value[PLAIN_VALUE_BYTES] = "", was[PLAIN_TEXT_BYTES] = "";
	read_text(fields, name, place->text, sizeof place->text);
	snprintf(key, sizeof key, "%s_was", name);
	read_text(fields, key, was, sizeof was);
	snprintf(key, sizeof key, "%s_pick", name);
	read_text(fields, key, value, sizeof value);
	if (value[0] && strcmp(was, place->text) == 0) /* a new text counts more than an old choice */
		take(place, town, value);
	snprintf(key, sizeof key, "%s_stop", name);
	value[0] = 's';
	value[1] = 0;
	read_text(fields, key, value + 1, sizeof value - 1);
	if (!value[1])
		return;
	take(place, town, value);
	if (place->value[0] == 's')
		plain_stop_text(town, place->place.stop, language, place->text, sizeof place->text);
}

static void read_needs(struct plain_form *form, const struct town *town, const struct evkeyvalq *fields)
{
	for (uint32_t i = 0; i < town->n_needs && i < TOWN_NEEDS_MAX; i++) {
		char key[48];
		snprintf(key, sizeof key, "need_%.32s", town_text(town, town->need_name[i]));
		const char *value = evhttp_find_header(fields, key);
		unsigned long count = value ? strtoul(value, NULL, 10) : form->counts[i];
		form->counts[i] = (uint8_t)(count > PARTY_MOST ? PARTY_MOST : count);
	}
}

void plain_form_read(struct plain_form *form, struct http *http, const struct evkeyvalq *fields, enum language language)
{
	const struct town *town = http_town(http);
	const char *when = evhttp_find_header(fields, "when"), *walk = evhttp_find_header(fields, "walk");
	read_place(&form->from, town, fields, "from", language);
	read_place(&form->to, town, fields, "to", language);
	read_text(fields, "at", form->at, sizeof form->at);
	read_text(fields, "client", form->client, sizeof form->client);
	read_needs(form, town, fields);
	if (when)
		form->time_kind = strcmp(when, "leave_at") == 0	   ? TIME_LEAVE_AT
				  : strcmp(when, "arrive_by") == 0 ? TIME_ARRIVE_BY
								   : TIME_NOW;
	if (walk) {
		long metres = strtol(walk, NULL, 10);
		form->walk_m = metres < 0 ? 0 : metres > 10000 ? 10000 : (int)metres;
	}
	form->only_show = evhttp_find_header(fields, "show") != NULL;
}

static void read_time(struct plain_form *form, struct http *http)
{
	struct zone_time time = {0};
	int used = 0;
	if (form->time_kind == TIME_NOW)
		return;
	if (sscanf(form->at, "%4d-%2d-%2d%*1[T ]%2d:%2d%n", &time.year, &time.month, &time.day, &time.hour,
		   &time.minute, &used) == 5 &&
	    used > 0 && (form->at[used] == 0 || form->at[used] == ':'))
		form->at_instant = zone_instant(plain_zone(http), &time);
	if (form->at_instant == INSTANT_NONE)
		form->at_wrong = PLAIN_TIME_MISSING;
}

int plain_form_complete(struct plain_form *form, struct http *http, enum language language)
{
	const struct town *town = http_town(http);
	resolve(&form->from, town, language);
	resolve(&form->to, town, language);
	read_time(form, http);
	return form->from.value[0] && form->to.value[0] && form->at_wrong == PLAIN_NOTHING_WRONG;
}

void plain_form_body(const struct plain_form *form, const struct town *town, struct body_request *ret_body)
{
	struct body_request body = {.from = form->from.place,
				    .to = form->to.place,
				    .time_kind = form->time_kind,
				    .at = form->at_instant,
				    .walk_max_m = form->walk_m};
	for (uint32_t i = 0; i < town->n_needs && i < TOWN_NEEDS_MAX; i++) {
		if (!form->counts[i])
			continue;
		struct body_need *need = &body.needs[body.n_needs++];
		snprintf(need->name, sizeof need->name, "%s", town_text(town, town->need_name[i]));
		need->count = form->counts[i];
	}
	*ret_body = body;
}

/* ---- writing ---- */
static void put_choice(struct evbuffer *out, const char *name, const struct plain_place *place, const char *label)
{
	html_put(out, "<fieldset class=\"found\"><legend>%s</legend>", label);
	for (uint32_t i = 0; i < place->n_found; i++)
		html_put(out,
			 i == 0 ? "<label><input type=\"radio\" name=\"%s_pick\" value=\"%s\" checked> %s</label>"
				: "<label><input type=\"radio\" name=\"%s_pick\" value=\"%s\"> %s</label>",
			 name, place->found[i].value, place->found[i].text);
	html_put(out, "</fieldset>");
}

static void put_place(struct evbuffer *out, const char *name, const struct plain_place *place, const char *label,
		      enum language language)
{
	int wrong = place->wrong != PLAIN_NOTHING_WRONG;
	html_put(out, "<div class=\"field\"><label for=\"%s\">%s</label>", name, label);
	if (wrong)
		html_put(out, "<p class=\"wrong\" id=\"%s-wrong\">%s</p>", name, plain_word(language, place->wrong));
	html_put(out,
		 "<input id=\"%s\" name=\"%s\" type=\"text\" value=\"%s\" maxlength=\"120\" required "
		 "autocomplete=\"off\" aria-describedby=\"%s-%s\"",
		 name, name, place->text, name, wrong ? "wrong" : "hint");
	html_put(out, wrong ? " aria-invalid=\"true\">" : ">");
	html_put(out, "<p class=\"hint\" id=\"%s-hint\">%s</p>", name, plain_word(language, PLAIN_PLACE_HINT));
	html_put(out, "<input type=\"hidden\" name=\"%s_was\" value=\"%s\">", name, place->text);
	if (place->value[0])
		html_put(out, "<input type=\"hidden\" name=\"%s_pick\" value=\"%s\">", name, place->value);
	else if (place->wrong == PLAIN_CHOOSE)
		put_choice(out, name, place, label);
	html_put(out, "</div>");
}

static const char *const time_names[] = {"now", "leave_at", "arrive_by"};

static void put_when(struct evbuffer *out, const struct plain_form *form, const char *zone, enum language language)
{
	static const enum plain_word labels[] = {PLAIN_NOW, PLAIN_LEAVE_AT, PLAIN_ARRIVE_BY};
	char note[160];
	int wrong = form->at_wrong != PLAIN_NOTHING_WRONG;
	html_put(out, "<fieldset><legend>%s</legend>", plain_word(language, PLAIN_WHEN));
	for (int i = 0; i < 3; i++) {
		html_put(out, "<label><input type=\"radio\" name=\"when\" value=\"%s\"", time_names[i]);
		html_put(out, form->time_kind == i ? " checked> %s</label>" : "> %s</label>",
			 plain_word(language, labels[i]));
	}
	html_put(out, "<div class=\"field\"><label for=\"at\">%s</label>", plain_word(language, PLAIN_DATE_TIME));
	if (wrong)
		html_put(out, "<p class=\"wrong\" id=\"at-wrong\">%s</p>", plain_word(language, form->at_wrong));
	html_put(out, "<input id=\"at\" name=\"at\" type=\"datetime-local\" value=\"%s\" aria-describedby=\"%s\"",
		 form->at, wrong ? "at-wrong" : "at-zone");
	html_put(out, wrong ? " aria-invalid=\"true\">" : ">");
	plain_say(note, sizeof note, language, PLAIN_ZONE, zone);
	html_put(out, "<p class=\"hint\" id=\"at-zone\">%s</p></div></fieldset>", note);
}

static const char *need_label(const struct town *town, uint32_t need, enum language language)
{
	return town_text(town, language == LANGUAGE_DE ? town->need_label_de[need] : town->need_label_en[need]);
}

static void put_needs(struct evbuffer *out, const struct plain_form *form, const struct town *town,
		      enum language language)
{
	html_put(out, "<fieldset class=\"needs\"><legend>%s</legend>", plain_word(language, PLAIN_WHO));
	for (uint32_t i = 0; i < town->n_needs && i < TOWN_NEEDS_MAX; i++)
		html_put(out,
			 "<div class=\"need\"><label for=\"need%u\">%s</label><input id=\"need%u\" name=\"need_%s\" "
			 "type=\"number\" min=\"0\" max=\"%d\" value=\"%u\"></div>",
			 i, need_label(town, i, language), i, town_text(town, town->need_name[i]), PARTY_MOST,
			 form->counts[i]);
	html_put(out, "</fieldset>");
}

static void put_walk(struct evbuffer *out, const struct plain_form *form, enum language language)
{
	int listed = 0;
	html_put(out, "<div class=\"field\"><label for=\"walk\">%s</label><select id=\"walk\" name=\"walk\">",
		 plain_word(language, PLAIN_WALK));
	for (size_t i = 0; i < COUNT_OF(walks_m); i++) {
		listed |= walks_m[i] == form->walk_m;
		html_put(out, "<option value=\"%d\"", walks_m[i]);
		html_put(out, walks_m[i] == form->walk_m ? " selected>" : ">");
		if (walks_m[i])
			html_put(out, "%d m</option>", walks_m[i]);
		else
			html_put(out, "%s</option>", plain_word(language, PLAIN_AT_DOOR));
	}
	if (!listed)
		html_put(out, "<option value=\"%d\" selected>%d m</option>", form->walk_m, form->walk_m);
	html_put(out, "</select></div>");
}

void plain_form_put(struct evbuffer *out, struct call *call, const struct plain_form *form)
{
	enum language language = call->language;
	const struct town *town = http_town(call->http);
	html_put(out, "<form class=\"booking\" method=\"post\" action=\"/plain?lang=%s\">", http_words_code(language));
	plain_key_put(out, call, "/plain");
	html_put(out, "<input type=\"hidden\" name=\"client\" value=\"%s\">", form->client);
	put_place(out, "from", &form->from, plain_word(language, PLAIN_FROM), language);
	put_place(out, "to", &form->to, plain_word(language, PLAIN_TO), language);
	put_when(out, form, town_text(town, town->time_zone), language);
	put_needs(out, form, town, language);
	put_walk(out, form, language);
	/* first in the form: it is what the enter key means */
	html_put(out, "<div class=\"actions\"><button type=\"submit\" class=\"primary\">%s</button>",
		 plain_word(language, PLAIN_ASK));
	html_put(out,
		 "<button type=\"submit\" class=\"quiet\" formaction=\"/plain/stops?lang=%s\" "
		 "formnovalidate>%s</button></div></form>",
		 http_words_code(language), plain_word(language, PLAIN_STOPS));
}

static void put_hidden(struct evbuffer *out, const char *name, const char *end, const char *value)
{
	html_put(out, "<input type=\"hidden\" name=\"%s%s\" value=\"%s\">", name, end, value);
}

void plain_form_put_hidden(struct evbuffer *out, const struct plain_form *form, const struct town *town)
{
	const struct {
		const char *name;
		const struct plain_place *place;
	} places[] = {{"from", &form->from}, {"to", &form->to}};
	char number[16];
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		put_hidden(out, places[i].name, "", places[i].place->text);
		put_hidden(out, places[i].name, "_was", places[i].place->text);
		put_hidden(out, places[i].name, "_pick", places[i].place->value);
	}
	put_hidden(out, "when", "", time_names[form->time_kind]);
	put_hidden(out, "at", "", form->at);
	put_hidden(out, "client", "", form->client);
	put_hidden(out, "show", "", "1");
	snprintf(number, sizeof number, "%d", form->walk_m);
	put_hidden(out, "walk", "", number);
	for (uint32_t i = 0; i < town->n_needs && i < TOWN_NEEDS_MAX; i++) {
		snprintf(number, sizeof number, "%u", form->counts[i]);
		put_hidden(out, "need_", town_text(town, town->need_name[i]), number);
	}
}
