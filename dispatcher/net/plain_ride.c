/* One ride without script: offers to choose from, where it stands, what its rider can do. */
#include "plain.h"
#include <stdio.h>
#include <string.h>

static void put_row(struct evbuffer *out, enum language language, enum plain_word label, const char *text)
{
	if (text && text[0])
		html_put(out, "<dt>%s</dt><dd>%s</dd>", plain_word(language, label), text);
}

/* ---- places and times in words ---- */
static void place_text(struct http *http, const struct place *place, uint32_t stop, enum language language, char *text,
		       size_t size)
{
	const struct town *town = http_town(http);
	if (stop < town->n_stops) {
		plain_stop_text(town, stop, language, text, size);
		return;
	}
	const char *street =
		place->road.arc < town->road.n_arcs ? town_text(town, town->road.name[place->road.arc]) : "";
	const char *side = view_side(town, place->road, place->side);
	snprintf(text, size, "%.80s%s%s", street, street[0] && side ? ", " : "",
		 side ? http_words(language, "side", side) : "");
}

static void between_text(struct http *http, instant_ms from, instant_ms to, enum language language, char *text,
			 size_t size)
{
	char a[64], b[16];
	plain_when(http, language, from, a);
	plain_time(http, to, b);
	plain_say(text, size, language, PLAIN_PICKUP_BETWEEN, a, b);
}

static void walk_text(uint32_t walk_mm, uint32_t walk_ms, char *text, size_t size)
{
	text[0] = 0;
	if (walk_mm >= 20000)
		snprintf(text, size, "%u m, %u min", (walk_mm + 999) / 1000, (walk_ms + 59999) / 60000);
}

static void put_pickup(struct evbuffer *out, struct call *call, const struct offer *offer, const struct place *place)
{
	enum language language = call->language;
	char text[200];
	place_text(call->http, place, offer->pickup_stop, language, text, sizeof text);
	put_row(out, language, PLAIN_PICKUP_PLACE, text);
	walk_text(offer->walk_from_mm, offer->walk_from_ms, text, sizeof text);
	put_row(out, language, PLAIN_WALKING, text);
}

static void put_dropoff(struct evbuffer *out, struct call *call, const struct offer *offer, const struct place *place)
{
	enum language language = call->language;
	char text[200];
	place_text(call->http, place, offer->dropoff_stop, language, text, sizeof text);
	put_row(out, language, PLAIN_DROPOFF_PLACE, text);
	walk_text(offer->walk_to_mm, offer->walk_to_ms, text, sizeof text);
	put_row(out, language, PLAIN_WALKING, text);
}

static void arrival_text(struct http *http, instant_ms planned, instant_ms latest, enum language language, char *text,
			 size_t size)
{
	char a[64], b[64], end[96];
	plain_when(http, language, planned, a);
	plain_when(http, language, latest, b);
	plain_say(end, sizeof end, language, PLAIN_ARRIVAL_LATEST, b);
	snprintf(text, size, "%s, %s", a, end);
}

/* ---- offers ---- */
static void put_offer(struct evbuffer *out, struct call *call, const struct offer *offer, uint32_t i)
{
	enum language language = call->language;
	const struct core_vehicle *vehicle = core_vehicle(http_core(call->http), offer->vehicle);
	char text[200], when[64], price[32];
	plain_when(call->http, language, offer->planned_pickup, when);
	html_put(out, "<div class=\"offer\"><h2><label><input type=\"radio\" name=\"offer\" value=\"%u\"", i);
	html_put(out, i == 0 ? " checked> %s %u: %s</label></h2><dl>" : "> %s %u: %s</label></h2><dl>",
		 plain_word(language, PLAIN_OFFER), i + 1, when);
	between_text(call->http, offer->earliest_pickup, offer->latest_pickup, language, text, sizeof text);
	put_row(out, language, PLAIN_PICKUP, text);
	put_pickup(out, call, offer, &offer->pickup);
	arrival_text(call->http, offer->planned_dropoff, offer->latest_arrival, language, text, sizeof text);
	put_row(out, language, PLAIN_ARRIVAL, text);
	put_dropoff(out, call, offer, &offer->dropoff);
	put_row(out, language, PLAIN_VEHICLE, vehicle ? vehicle->name : "");
	plain_price(language, offer->price_cents, price);
	put_row(out, language, PLAIN_PRICE, price);
	put_row(out, language, PLAIN_REASON, http_words(language, "reason", core_reason_name(offer->reason)));
	html_put(out, "</dl></div>");
}

static void action_of(const struct call *call, const char *what, char action[HTTP_PATH_BYTES])
{
	snprintf(action, HTTP_PATH_BYTES, "/plain/ride/%s%s", call->params[0], what);
}

static void put_form_open(struct evbuffer *out, struct call *call, const char *what)
{
	char action[HTTP_PATH_BYTES];
	action_of(call, what, action);
	html_put(out, "<form method=\"post\" action=\"%s?lang=%s\">", action, http_words_code(call->language));
	plain_key_put(out, call, action);
}

static void put_order(struct evbuffer *out, struct call *call, const char *what, enum plain_word label,
		      const char *looks)
{
	put_form_open(out, call, what);
	html_put(out, "<button type=\"submit\" class=\"%s\">%s</button></form>", looks,
		 plain_word(call->language, label));
}

static void put_offers(struct evbuffer *out, struct call *call, const struct core_ride *ride)
{
	enum language language = call->language;
	char time[16], text[160];
	plain_time(call->http, ride->offers_until, time);
	plain_say(text, sizeof text, language, PLAIN_OFFERS_UNTIL, time);
	html_put(out, "<p class=\"hint\">%s</p>", text);
	put_form_open(out, call, "/accept");
	html_put(out, "<fieldset class=\"offers\"><legend>%s</legend><div class=\"side-by-side\">",
		 plain_word(language, PLAIN_CHOOSE_OFFER));
	for (uint32_t i = 0; i < ride->n_offers && i < CORE_OFFERS_MAX; i++)
		put_offer(out, call, &ride->offers[i], i);
	html_put(out, "</div></fieldset><p><button type=\"submit\" class=\"primary\">%s</button></p></form>",
		 plain_word(language, PLAIN_BOOK));
	put_order(out, call, "/cancel", PLAIN_DROP, "quiet");
}

/* ---- where it stands ---- */
static int is_waiting(const struct core_ride *ride)
{
	return ride->state == RIDE_PROMISED || ride->state == RIDE_AT_STOP;
}

static void put_vehicle(struct evbuffer *out, struct call *call, const struct core_ride *ride)
{
	const struct core_vehicle *vehicle = core_vehicle(http_core(call->http), ride->vehicle);
	char text[160];
	if (!vehicle || ride->state < RIDE_PROMISED || ride->state > RIDE_ABOARD)
		return;
	snprintf(text, sizeof text, "%s%s%s%s", vehicle->name, vehicle->link_up ? "" : " (",
		 vehicle->link_up ? "" : plain_word(call->language, PLAIN_NO_CONTACT), vehicle->link_up ? "" : ")");
	put_row(out, call->language, PLAIN_VEHICLE, text);
}

static void put_promise(struct evbuffer *out, struct call *call, const struct core_ride *ride)
{
	enum language language = call->language;
	const struct offer *offer = &ride->offers[ride->accepted < CORE_OFFERS_MAX ? ride->accepted : 0];
	char text[200], when[64], planned[100];
	if (is_waiting(ride)) {
		between_text(call->http, ride->earliest_pickup, ride->latest_pickup, language, text, sizeof text);
		plain_time(call->http, ride->planned_pickup, when);
		plain_say(planned, sizeof planned, language, PLAIN_PICKUP_PLANNED, when);
		html_put(out, "<dt>%s</dt><dd><strong>%s</strong>, %s</dd>", plain_word(language, PLAIN_PICKUP), text,
			 planned);
		put_pickup(out, call, offer, &ride->pickup);
	}
	put_vehicle(out, call, ride);
	if (is_waiting(ride) || ride->state == RIDE_ABOARD) {
		arrival_text(call->http, ride->planned_dropoff, ride->latest_arrival, language, text, sizeof text);
		put_row(out, language, PLAIN_ARRIVAL, text);
		put_dropoff(out, call, offer, &ride->dropoff);
	} else if (ride->alighted_at > 0) {
		plain_when(call->http, language, ride->alighted_at, when);
		put_row(out, language, PLAIN_ARRIVAL, when);
	}
	plain_price(language, offer->price_cents, when);
	put_row(out, language, PLAIN_PRICE, when);
}

static void put_trouble(struct evbuffer *out, struct call *call, const struct core_ride *ride)
{
	const struct town *town = http_town(call->http);
	enum language language = call->language;
	char text[256];
	if (ride->refusal)
		html_put(out, "<p class=\"message\">%s</p>",
			 http_words(language, "refusal", core_refusal_name(ride->refusal)));
	if (ride->cause)
		html_put(out, "<p class=\"message\">%s</p>",
			 http_words(language, "cause", core_cause_name(ride->cause)));
	if (ride->state != RIDE_BROKEN && ride->state != RIDE_NO_SHOW && ride->state != RIDE_REFUSED)
		return;
	plain_say(text, sizeof text, language, PLAIN_INSTEAD, town_text(town, town->fallback_name),
		  town_text(town, town->fallback_phone));
	if (town_text(town, town->fallback_phone)[0])
		html_put(out, "<p>%s</p>", text);
}

static void put_notices(struct evbuffer *out, struct call *call, const struct core_ride *ride)
{
	const struct core *core = http_core(call->http);
	uint32_t n = 0, unread = 0;
	for (uint32_t i = core_n_notices(core); i-- > 0;) {
		const struct core_notice *notice = core_notice_at(core, i);
		char time[16];
		if (notice->ride != ride->ride)
			continue;
		if (n++ == 0)
			html_put(out, "<h2>%s</h2><ul class=\"notices\">", plain_word(call->language, PLAIN_NOTICES));
		unread += notice->state < NOTICE_ACKNOWLEDGED;
		plain_time(call->http, notice->made_at, time);
		html_put(out, "<li><span class=\"time\">%s</span> %s", time,
			 http_words(call->language, "notice", core_notice_name(notice->kind)));
		plain_time(call->http, notice->about, time);
		if (notice->kind == NOTICE_TIME_CHANGED && notice->about > 0)
			html_put(out, " (%s)", time);
		html_put(out, "</li>");
	}
	if (n)
		html_put(out, "</ul>");
	if (unread)
		put_order(out, call, "/read", PLAIN_READ, "");
}

static void put_actions(struct evbuffer *out, struct call *call, const struct core_ride *ride)
{
	enum language language = call->language;
	const char *code = http_words_code(language);
	html_put(out, "<div class=\"actions\">");
	if (ride->state == RIDE_AT_STOP)
		put_order(out, call, "/board", PLAIN_BOARD, "primary");
	if (is_waiting(ride) && ride->coming_used)
		html_put(out, "<p>%s</p>", plain_word(language, PLAIN_COMING_DONE));
	else if (is_waiting(ride))
		put_order(out, call, "/coming", PLAIN_COMING, "");
	if (is_waiting(ride))
		html_put(out, "<p><a href=\"/plain/ride/%s/cancel?lang=%s\">%s</a></p>", call->params[0], code,
			 plain_word(language, PLAIN_CANCEL));
	if (ride->state > RIDE_ABOARD)
		html_put(out, "<p><a href=\"/plain?lang=%s\">%s</a></p>", code, plain_word(language, PLAIN_NEW_RIDE));
	html_put(out, "</div>");
}

/* Reloading by itself can be stopped: who reads slowly, or listens, must not lose the place. */
static void put_reload(struct evbuffer *out, struct call *call, const struct core_ride *ride)
{
	const char *still = evhttp_find_header(&call->query, "still"), *code = http_words_code(call->language);
	int seconds = ride->state == RIDE_AT_STOP ? 15 : 30;
	char text[128], refresh[HTTP_PATH_BYTES + 48];
	if (ride->state < RIDE_PROMISED || ride->state > RIDE_ABOARD)
		return;
	html_put(out, "<p class=\"hint\">");
	if (!still) {
		snprintf(refresh, sizeof refresh, "%d; url=%.255s?lang=%s", seconds, call->path, code);
		evhttp_add_header(evhttp_request_get_output_headers(call->request), "Refresh", refresh);
		plain_say(text, sizeof text, call->language, PLAIN_REFRESHES, seconds);
		html_put(out, "%s <a href=\"%s?lang=%s&amp;still=1\">%s</a> · ", text, call->path, code,
			 plain_word(call->language, PLAIN_STILL));
	}
	html_put(out, "<a href=\"%s?lang=%s\">%s</a></p>", call->path, code, plain_word(call->language, PLAIN_RELOAD));
}

static void put_standing(struct evbuffer *out, struct call *call, const struct core_ride *ride)
{
	enum language language = call->language;
	html_put(out, "<p class=\"state\"><span>%s</span> <strong>%s</strong></p>", plain_word(language, PLAIN_STATUS),
		 http_words(language, "state", core_ride_state_name(ride->state)));
	put_trouble(out, call, ride);
	if (is_waiting(ride))
		html_put(out, "<p class=\"code\"><span>%s</span> <strong>%u%u%u%u</strong></p><p class=\"hint\">%s</p>",
			 plain_word(language, PLAIN_CODE), ride->boarding_code / 1000u % 10u,
			 ride->boarding_code / 100u % 10u, ride->boarding_code / 10u % 10u, ride->boarding_code % 10u,
			 plain_word(language, PLAIN_CODE_HINT));
	if (view_has_promise(ride)) {
		html_put(out, "<dl>");
		put_promise(out, call, ride);
		html_put(out, "</dl>");
	}
	put_actions(out, call, ride);
	put_notices(out, call, ride);
	put_reload(out, call, ride);
	if (is_waiting(ride))
		html_put(out, "<p class=\"hint\">%s</p>", plain_word(language, PLAIN_KEEP_LINK));
	html_put(out, "<p><a href=\"/?lang=%s#/ride/%s\">%s</a></p>", http_words_code(language), call->params[0],
		 plain_word(language, PLAIN_WITH_MAP));
}

void plain_ride_show(struct call *call)
{
	const struct core_ride *ride = rider_ride(call);
	if (!ride)
		return;
	int offered = ride->state == RIDE_OFFERED;
	struct evbuffer *out = plain_page_open(call, plain_word(call->language, offered ? PLAIN_OFFERS : PLAIN_RIDE));
	if (out && evhttp_find_header(&call->query, "gone"))
		html_put(out, "<p class=\"message\" role=\"alert\">%s</p>",
			 http_words(call->language, "error", "gone"));
	if (out && offered)
		put_offers(out, call, ride);
	else if (out)
		put_standing(out, call, ride);
	struct http *http = call->http;
	uint64_t number = ride->ride;
	plain_page_send(call, 200, out);
	notices_shown(http, number);
}

/* ---- orders: every one ends with a look at the ride ---- */
static void finish_order(struct call *call, const struct update *updates, uint32_t n, uint64_t sequence,
			 const uint8_t *hash)
{
	const struct upd_result *result = n && updates[n - 1].kind == UPD_RESULT ? &updates[n - 1].result : NULL;
	char path[HTTP_PATH_BYTES];
	(void)sequence, (void)hash;
	action_of(call, result && result->code == ERR_GONE ? "?gone=1" : "", path);
	if (!result)
		reply_error(call, "internal", NULL);
	else if (result->code && result->code != ERR_GONE)
		reply_code(call, result->code, "ride_unknown");
	else
		plain_redirect(call, path);
}

/* The ride, and the key of its form; fields may be NULL. */
static const struct core_ride *order_open(struct call *call, struct evkeyvalq *fields)
{
	struct evkeyvalq unused = {0};
	const struct core_ride *ride = rider_ride(call);
	if (ride && plain_key_take(call, fields ? fields : &unused))
		ride = NULL;
	evhttp_clear_headers(&unused);
	return ride;
}

void plain_ride_accept(struct call *call)
{
	struct evkeyvalq fields = {0};
	if (order_open(call, &fields)) {
		const char *offer = evhttp_find_header(&fields, "offer");
		if (!offer || offer[0] < '0' || offer[0] >= '0' + CORE_OFFERS_MAX || offer[1])
			reply_error(call, "out_of_range", NULL);
		else
			rider_accept(call, (uint8_t)(offer[0] - '0'), finish_order);
	}
	evhttp_clear_headers(&fields);
}

void plain_ride_ask_cancel(struct call *call)
{
	if (!rider_ride(call))
		return;
	enum language language = call->language;
	struct evbuffer *out = plain_page_open(call, plain_word(language, PLAIN_CANCEL_SURE));
	if (out) {
		html_put(out, "<p>%s</p><div class=\"actions\">", plain_word(language, PLAIN_CANCEL_WHAT));
		put_order(out, call, "/cancel", PLAIN_YES_CANCEL, "danger");
		html_put(out, "<p><a href=\"/plain/ride/%s?lang=%s\">%s</a></p></div>", call->params[0],
			 http_words_code(language), plain_word(language, PLAIN_KEEP));
	}
	plain_page_send(call, 200, out);
}

void plain_ride_cancel(struct call *call)
{
	if (order_open(call, NULL))
		rider_cancel(call, "", finish_order);
}

void plain_ride_coming(struct call *call)
{
	struct command command = {.kind = CMD_COMING};
	if (!order_open(call, NULL))
		return;
	command.ride.ride = call->ride;
	snprintf(command.ride.who, sizeof command.ride.who, "rider");
	call_submit(call, &command, NULL, finish_order);
}

void plain_ride_board(struct call *call)
{
	const struct core_ride *ride = order_open(call, NULL);
	if (ride)
		rider_board(call, ride->boarding_code, finish_order);
}

/* The last one's answer shows the page again; all are told to the core before it. */
void plain_ride_read(struct call *call)
{
	const struct core_ride *ride = order_open(call, NULL);
	const struct core *core = http_core(call->http);
	struct command command = {.kind = CMD_NOTICE_STATE};
	char path[HTTP_PATH_BYTES];
	if (!ride)
		return;
	for (uint32_t i = 0; i < core_n_notices(core); i++) {
		const struct core_notice *notice = core_notice_at(core, i);
		if (notice->ride != ride->ride || notice->state >= NOTICE_ACKNOWLEDGED)
			continue;
		if (command.notice_state.notice)
			call_submit_alone(call->http, &command);
		command.notice_state.notice = notice->notice;
		command.notice_state.state = NOTICE_ACKNOWLEDGED;
	}
	action_of(call, "", path);
	if (command.notice_state.notice)
		call_submit(call, &command, NULL, finish_order);
	else
		plain_redirect(call, path);
}
