/* Pages without script: the frame of each page, booking, the list of stops. */
#include "plain.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STOPS_SHOWN_MOST 60

/* ---- the frame ---- */
static void put_switch(struct evbuffer *out, const struct call *call)
{
	enum language other = call->language == LANGUAGE_DE ? LANGUAGE_EN : LANGUAGE_DE;
	int is_get = evhttp_request_get_command(call->request) != EVHTTP_REQ_POST;
	const char *code = http_words_code(other);
	html_put(out, "<a href=\"%s?lang=%s\" lang=\"%s\" hreflang=\"%s\">%s</a>", is_get ? call->path : "/plain", code,
		 code, code, plain_word(call->language, PLAIN_OTHER_LANGUAGE));
}

static void put_footer(struct evbuffer *out, struct call *call)
{
	const struct town *town = http_town(call->http);
	const char *code = http_words_code(call->language);
	const struct {
		const char *path;
		enum plain_word word;
	} links[] = {{"/plain", PLAIN_TITLE},
		     {"/privacy", PLAIN_PRIVACY},
		     {"/imprint", PLAIN_IMPRINT},
		     {"/licences", PLAIN_LICENCES}};
	html_put(out, "</main><footer><p>");
	plain_put_attribution(out, town);
	html_put(out, "</p><p>%s</p><ul>", plain_word(call->language, PLAIN_NOT_SAFETY));
	for (size_t i = 0; i < COUNT_OF(links); i++)
		html_put(out, "<li><a href=\"%s?lang=%s\">%s</a></li>", links[i].path, code,
			 plain_word(call->language, links[i].word));
	html_put(out, "</ul></footer></body></html>\n");
}

struct evbuffer *plain_page_open(struct call *call, const char *title)
{
	struct evbuffer *out = evbuffer_new();
	const struct town *town = http_town(call->http);
	if (!out)
		return NULL;
	html_put(out,
		 "<!doctype html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">"
		 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
		 "<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"robots\" content=\"noindex\">"
		 "<title>%s · Zubringer %s</title><link rel=\"icon\" href=\"/icon.svg\" type=\"image/svg+xml\">"
		 "<link rel=\"stylesheet\" href=\"/plain.css\"></head><body>",
		 http_words_code(call->language), title, town_text(town, town->name));
	html_put(out,
		 "<a class=\"skip\" href=\"#main\">%s</a><header><p class=\"brand\">Zubringer <span>%s</span></p><nav>",
		 plain_word(call->language, PLAIN_SKIP), town_text(town, town->name));
	put_switch(out, call);
	html_put(out, "</nav></header><main id=\"main\"><h1>%s</h1>", title);
	return out;
}

void plain_page_send(struct call *call, int status, struct evbuffer *out)
{
	if (!out) {
		reply_bytes(call, 500, "text/plain", "no-store", NULL);
		return;
	}
	put_footer(out, call);
	struct evkeyvalq *headers = evhttp_request_get_output_headers(call->request);
	evhttp_add_header(headers, "Content-Language", http_words_code(call->language));
	evhttp_add_header(headers, "Vary", "Accept-Language");
	reply_bytes(call, status, "text/html; charset=utf-8", "no-store", out);
	evbuffer_free(out);
}

void plain_redirect(struct call *call, const char *path)
{
	char location[HTTP_PATH_BYTES + 32];
	snprintf(location, sizeof location, "%.255s%slang=%s", path, strchr(path, '?') ? "&" : "?",
		 http_words_code(call->language));
	evhttp_add_header(evhttp_request_get_output_headers(call->request), "Location", location);
	reply_bytes(call, 303, "text/html; charset=utf-8", "no-store", NULL);
}

/* Back to the ride it was about, else to the form. */
void plain_error(struct call *call, int status, const char *code)
{
	char path[HTTP_PATH_BYTES] = "/plain";
	const char *language = http_words_code(call->language);
	struct evbuffer *out = plain_page_open(call, plain_word(call->language, PLAIN_PROBLEM));
	if (call->ride)
		snprintf(path, sizeof path, "/plain/ride/%.64s", call->params[0]);
	if (out) {
		const struct town *town = http_town(call->http);
		char text[160];
		html_put(out, "<p class=\"message\" role=\"alert\">%s</p>", http_words(call->language, "error", code));
		plain_say(text, sizeof text, call->language, PLAIN_PHONE, town_text(town, town->phone));
		if (town_text(town, town->phone)[0])
			html_put(out, "<p>%s</p>", text);
		html_put(out, "<p><a href=\"%s?lang=%s\">%s</a></p>", path, language,
			 plain_word(call->language, call->ride ? PLAIN_RIDE : PLAIN_BACK));
	}
	plain_page_send(call, status, out);
}

/* ---- booking ---- */
static void put_service(struct evbuffer *out, struct call *call)
{
	const struct town *town = http_town(call->http);
	enum language language = call->language;
	char text[200], from[12], to[12], price[32];
	const int32_t from_s = town->rules.service_from_s, to_s = town->rules.service_to_s;
	snprintf(from, sizeof from, "%02d:%02d", from_s / 3600 % 100, from_s / 60 % 60);
	snprintf(to, sizeof to, "%02d:%02d", to_s / 3600 % 24, to_s / 60 % 60);
	html_put(out, "<ul class=\"service\">");
	if (town_text(town, town->generated)[0])
		html_put(out, "<li><strong>%s</strong></li>", plain_word(language, PLAIN_GENERATED));
	plain_say(text, sizeof text, language, PLAIN_HOURS, from, to);
	html_put(out, "<li>%s</li>", text);
	plain_price(language, town->rules.fare_cents, price);
	plain_say(text, sizeof text, language, PLAIN_FARE, price);
	html_put(out, "<li>%s</li>", town->rules.fare_cents ? text : plain_word(language, PLAIN_FREE_RIDES));
	plain_say(text, sizeof text, language, PLAIN_PHONE, town_text(town, town->phone));
	if (town_text(town, town->phone)[0])
		html_put(out, "<li>%s</li>", text);
	html_put(out, "<li><a href=\"/?lang=%s\">%s</a></li></ul>", http_words_code(language),
		 plain_word(language, PLAIN_WITH_MAP));
}

static void put_state_of_service(struct evbuffer *out, struct call *call)
{
	char why[256] = "";
	int holding = call->http->host.holding(call->http->host.self, why, sizeof why);
	if (holding || core_bookings_paused(http_core(call->http)))
		html_put(out, "<p class=\"message\" role=\"status\">%s</p>",
			 plain_word(call->language, holding ? PLAIN_HOLDING : PLAIN_PAUSED));
}

static void show_form(struct call *call, const struct plain_form *form)
{
	struct evbuffer *out = plain_page_open(call, plain_word(call->language, PLAIN_TITLE));
	if (out) {
		put_state_of_service(out, call);
		plain_form_put(out, call, form);
		put_service(out, call);
	}
	plain_page_send(call, 200, out);
}

static void handle_form(struct call *call)
{
	struct plain_form form;
	plain_form_new(&form, call->http);
	plain_form_read(&form, call->http, &call->query, call->language);
	show_form(call, &form);
}

/* With which walk it would do. */
static void show_walk(struct call *call, struct evbuffer *out, const struct upd_result *result)
{
	const struct town *town = http_town(call->http);
	const uint32_t stops[] = {result->would_work_from, result->would_work_to};
	char names[COUNT_OF(stops)][PLAIN_TEXT_BYTES], text[3 * PLAIN_TEXT_BYTES];
	if (!result->would_work_walk_mm)
		return;
	for (uint32_t i = 0; i < COUNT_OF(stops); i++) {
		if (stops[i] && stops[i] <= town->n_stops)
			plain_stop_text(town, stops[i] - 1, call->language, names[i], sizeof names[i]);
		else
			snprintf(names[i], sizeof names[i], "%s", plain_word(call->language, PLAIN_YOUR_DOOR));
	}
	plain_say(text, sizeof text, call->language, PLAIN_WOULD_WALK, (int)((result->would_work_walk_mm + 999) / 1000),
		  names[0], names[1]);
	html_put(out, "<p>%s</p>", text);
}

/* Why not, what to do instead, who else can help; and the form again, with what would work in it. */
static void show_refusal(struct call *call, struct plain_form *form, const struct upd_result *result)
{
	const struct town *town = http_town(call->http);
	enum language language = call->language;
	const char *name = core_refusal_name(result->refusal), *advice = http_words(language, "advice", name);
	char when[64], text[256];
	struct evbuffer *out = plain_page_open(call, plain_word(language, PLAIN_REFUSED));
	if (!out) {
		plain_page_send(call, 500, NULL);
		return;
	}
	html_put(out, "<div class=\"message\" role=\"alert\"><p>%s</p>", http_words(language, "refusal", name));
	if (result->obstacle)
		html_put(out, "<p>%s</p>", http_words(language, "obstacle", core_obstacle_name(result->obstacle)));
	if (strcmp(advice, name) != 0)
		html_put(out, "<p>%s</p>", advice);
	show_walk(call, out, result);
	if (result->would_work_at != INSTANT_NONE && result->would_work_at > 0) {
		plain_when(call->http, language, result->would_work_at, when);
		plain_say(text, sizeof text, language, PLAIN_WOULD_WORK, when);
		html_put(out, "<p><strong>%s</strong> %s</p>", text, plain_word(language, PLAIN_TAKE_IT));
		form->time_kind = TIME_LEAVE_AT;
		plain_field_time(call->http, result->would_work_at, form->at);
	}
	plain_say(text, sizeof text, language, PLAIN_INSTEAD, town_text(town, town->fallback_name),
		  town_text(town, town->fallback_phone));
	if (town_text(town, town->fallback_phone)[0])
		html_put(out, "<p>%s</p>", text);
	html_put(out, "</div>");
	plain_form_put(out, call, form);
	plain_page_send(call, 200, out);
}

static void finish_request(struct call *call, const struct update *updates, uint32_t n, uint64_t sequence,
			   const uint8_t *hash)
{
	const struct upd_result *result = n && updates[n - 1].kind == UPD_RESULT ? &updates[n - 1].result : NULL;
	const struct core_ride *ride = result ? core_ride(http_core(call->http), result->ride) : NULL;
	char path[HTTP_PATH_BYTES], link[HTTP_LINK_CHARS];
	(void)sequence, (void)hash;
	if (!result)
		reply_error(call, "internal", NULL);
	else if (result->refusal)
		show_refusal(call, call->kept, result);
	else if (result->code)
		reply_code(call, result->code, "ride_unknown");
	else if (!ride)
		reply_error(call, "ride_unknown", NULL);
	else {
		http_secret_link(&call->http->secret, ride->ride, link);
		snprintf(path, sizeof path, "/plain/ride/%s", link);
		plain_redirect(call, path);
	}
}

/* A place outside the map is said in its field, not as an error of its own. */
static int on_map(struct call *call, struct plain_place *place)
{
	struct place found;
	if (place->place.stop != NONE || call->http->host.place(call->http->host.self, place->place.point, &found) == 0)
		return 1;
	place->value[0] = 0;
	place->wrong = PLAIN_NOT_FOUND;
	return 0;
}

static void book(struct call *call, struct plain_form *form)
{
	struct body_request body;
	plain_form_body(form, http_town(call->http), &body);
	struct plain_form *kept = malloc(sizeof *kept);
	if (!kept) {
		reply_error(call, "full", NULL);
		return;
	}
	*kept = *form;
	call->kept = kept;
	rider_request(call, &body, form->client, finish_request);
}

static void handle_book(struct call *call)
{
	struct evkeyvalq fields = {0};
	struct plain_form form;
	if (plain_key_take(call, &fields) == ERR_OK) {
		plain_form_new(&form, call->http);
		plain_form_read(&form, call->http, &fields, call->language);
		/* everything is looked at, so that all that is wrong is said at once */
		int fine = !form.only_show && plain_form_complete(&form, call->http, call->language);
		if (!form.only_show && form.from.value[0])
			fine = on_map(call, &form.from) && fine;
		if (!form.only_show && form.to.value[0])
			fine = on_map(call, &form.to) && fine;
		if (!fine)
			show_form(call, &form);
		else
			book(call, &form);
	}
	evhttp_clear_headers(&fields);
}

/* ---- stops ---- */
static uint32_t put_stops(struct evbuffer *out, const struct town *town, const char *query, enum language language)
{
	char wanted[PLAIN_TEXT_BYTES], name[PLAIN_TEXT_BYTES], text[PLAIN_TEXT_BYTES];
	uint32_t n = 0;
	town_fold(query, wanted, sizeof wanted);
	html_put(out, "<table class=\"stops\"><tbody>");
	for (uint32_t i = 0; i < town->n_stops && n <= STOPS_SHOWN_MOST; i++) {
		town_fold(town_text(town, town->stop_name[i]), name, sizeof name);
		if (!name[0] || !strstr(name, wanted) || n++ == STOPS_SHOWN_MOST)
			continue;
		plain_stop_text(town, i, language, text, sizeof text);
		html_put(out,
			 "<tr><th scope=\"row\" id=\"stop%u\">%s</th><td><button name=\"from_stop\" value=\"%u\" "
			 "aria-describedby=\"stop%u\">%s</button></td><td><button name=\"to_stop\" value=\"%u\" "
			 "aria-describedby=\"stop%u\">%s</button></td></tr>",
			 i, text, i, i, plain_word(language, PLAIN_FROM_HERE), i, i,
			 plain_word(language, PLAIN_TO_HERE));
	}
	html_put(out, "</tbody></table>");
	return n;
}

static void show_stops(struct call *call, const struct plain_form *form, const char *query)
{
	const struct town *town = http_town(call->http);
	enum language language = call->language;
	const char *code = http_words_code(language);
	struct evbuffer *out = plain_page_open(call, plain_word(language, PLAIN_STOPS));
	if (!out) {
		plain_page_send(call, 500, NULL);
		return;
	}
	html_put(out, "<form method=\"post\" action=\"/plain/stops?lang=%s\" class=\"search\">", code);
	plain_key_put(out, call, "/plain");
	plain_form_put_hidden(out, form, town);
	html_put(out,
		 "<label for=\"q\">%s</label> <input id=\"q\" name=\"q\" type=\"search\" maxlength=\"60\" "
		 "value=\"%s\"> <button>%s</button></form>",
		 plain_word(language, PLAIN_STOPS_SEARCH), query, plain_word(language, PLAIN_SEARCH));
	html_put(out, "<form method=\"post\" action=\"/plain?lang=%s\">", code);
	plain_key_put(out, call, "/plain");
	plain_form_put_hidden(out, form, town);
	uint32_t n = put_stops(out, town, query, language);
	html_put(out, "</form>");
	if (n == 0 || n > STOPS_SHOWN_MOST)
		html_put(out, "<p class=\"hint\">%s</p>",
			 plain_word(language, n ? PLAIN_STOPS_MORE : PLAIN_STOPS_NONE));
	html_put(out, "<p><a href=\"/plain?lang=%s\">%s</a></p>", code, plain_word(language, PLAIN_BACK));
	plain_page_send(call, 200, out);
}

/* Shows only, so it needs no key. */
static void handle_stops_list(struct call *call)
{
	struct evkeyvalq fields = {0};
	struct plain_form form;
	plain_form_new(&form, call->http);
	if (plain_body_fields(call, &fields) == ERR_OK)
		plain_form_read(&form, call->http, &fields, call->language);
	const char *query = evhttp_find_header(&fields, "q");
	if (!query)
		query = evhttp_find_header(&call->query, "q");
	show_stops(call, &form, query && strlen(query) < PLAIN_TEXT_BYTES ? query : "");
	evhttp_clear_headers(&fields);
}

/* ---- all pages made here ---- */
const struct http_route *http_pages(uint32_t *ret_n)
{
	static const struct http_route pages[] = {
		{"GET", "/plain", handle_form, 0},
		{"POST", "/plain", handle_book, 0},
		{"GET", "/plain/stops", handle_stops_list, 0},
		{"POST", "/plain/stops", handle_stops_list, 0},
		{"GET", "/plain/ride/{secret}", plain_ride_show, 0},
		{"POST", "/plain/ride/{secret}/accept", plain_ride_accept, 0},
		{"GET", "/plain/ride/{secret}/cancel", plain_ride_ask_cancel, 0},
		{"POST", "/plain/ride/{secret}/cancel", plain_ride_cancel, 0},
		{"POST", "/plain/ride/{secret}/coming", plain_ride_coming, 0},
		{"POST", "/plain/ride/{secret}/board", plain_ride_board, 0},
		{"POST", "/plain/ride/{secret}/read", plain_ride_read, 0},
		{"GET", "/privacy", plain_text_privacy, 0},
		{"GET", "/imprint", plain_text_imprint, 0},
		{"GET", "/licences", plain_text_licences, 0},
	};
	*ret_n = (uint32_t)COUNT_OF(pages);
	return pages;
}
