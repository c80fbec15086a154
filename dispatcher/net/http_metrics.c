/* GET /health and GET /metrics (Prometheus text format 0.0.4). */
#include "http_server.h"
#include <stdlib.h>
#include <string.h>

#define HOST_METRICS_BYTES 65536
#define FEEDS_MOST 16

static json_t *feeds_view(const struct host *host)
{
	static const char *const states[] = {"waiting", "ok", "stale", "unreachable", "garbled"};
	struct host_feed feeds[FEEDS_MOST];
	uint32_t n = host->feeds ? host->feeds(host->self, feeds, FEEDS_MOST) : 0;
	json_t *list = json_array();
	for (uint32_t i = 0; i < n; i++) {
		json_t *feed = json_object(), *name = feeds[i].name[0] ? json_string(feeds[i].name) : NULL;
		json_object_set_new(feed, "feed", name ? name : json_null());
		json_object_set_new(feed, "status", json_string(states[feeds[i].state]));
		json_object_set_new(feed, "message_at", http_json_instant(feeds[i].message_at));
		json_object_set_new(feed, "trips", json_integer(feeds[i].n_trips));
		json_object_set_new(feed, "late_trips", json_integer(feeds[i].n_late));
		json_array_append_new(list, feed);
	}
	return list;
}

void handle_health(struct call *call)
{
	char why[320] = "";
	int holding = call->http->host.holding(call->http->host.self, why, sizeof why);
	json_t *json = json_object(), *reason = holding ? json_string(why) : NULL;
	json_object_set_new(json, "status", json_string(holding ? "holding" : "ok"));
	json_object_set_new(json, "reason", reason ? reason : json_null());
	json_object_set_new(json, "now", http_json_instant(call->http->host.now(call->http->host.self)));
	json_object_set_new(json, "version", json_string(ZUB_VERSION));
	json_object_set_new(json, "feeds", feeds_view(&call->http->host));
	reply_json(call, holding ? 503 : 200, json);
}

static void line(struct evbuffer *out, const char *name, const char *type, const char *help, uint64_t value)
{
	evbuffer_add_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name,
			    (unsigned long long)value);
}

static void rides_metrics(struct evbuffer *out, const struct core_figures *figures)
{
	const struct {
		const char *outcome;
		uint64_t value;
	} rows[] = {
		{"asked", figures->asked},     {"offered", figures->offered}, {"promised", figures->promised},
		{"refused", figures->refused}, {"expired", figures->expired}, {"cancelled", figures->cancelled},
		{"no_show", figures->no_show}, {"done", figures->done},	      {"broken", figures->broken},
	};
	evbuffer_add_printf(out,
			    "# HELP zubringer_rides_total Rides that reached this state since the journal began.\n# "
			    "TYPE zubringer_rides_total counter\n");
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		evbuffer_add_printf(out, "zubringer_rides_total{state=\"%s\"} %llu\n", rows[i].outcome,
				    (unsigned long long)rows[i].value);
	evbuffer_add_printf(out, "# HELP zubringer_refusals_total Requests refused, by reason.\n# TYPE "
				 "zubringer_refusals_total counter\n");
	for (uint8_t i = 1; i < REFUSALS; i++)
		evbuffer_add_printf(out, "zubringer_refusals_total{reason=\"%s\"} %llu\n", core_refusal_name(i),
				    (unsigned long long)figures->refused_by[i]);
}

static void needs_metrics(struct evbuffer *out, const struct town *town, const struct core_figures *figures)
{
	const struct {
		const char *name, *help;
		const uint64_t *values;
	} rows[] = {
		{"zubringer_need_asked_total", "Requests that stated this need.", figures->need_asked},
		{"zubringer_need_refused_total", "Of those, refused.", figures->need_refused},
		{"zubringer_need_wait_ms_total", "Waiting time of boarded rides with this need.",
		 figures->need_wait_ms_sum},
		{"zubringer_need_boarded_total", "Boarded rides with this need.", figures->need_wait_n},
	};
	for (size_t r = 0; r < COUNT_OF(rows); r++) {
		evbuffer_add_printf(out, "# HELP %s %s\n# TYPE %s counter\n", rows[r].name, rows[r].help, rows[r].name);
		for (uint32_t i = 0; i < town->n_needs && i < TOWN_NEEDS_MAX; i++)
			evbuffer_add_printf(out, "%s{need=\"%s\"} %llu\n", rows[r].name,
					    town_text(town, town->need_name[i]), (unsigned long long)rows[r].values[i]);
	}
}

static void figures_metrics(struct evbuffer *out, const struct core_figures *figures)
{
	line(out, "zubringer_promises_kept_total", "counter", "Promises kept.", figures->kept);
	line(out, "zubringer_wait_ms_total", "counter",
	     "Boarded minus the later of asked and earliest pickup, summed over boarded rides.", figures->wait_ms_sum);
	line(out, "zubringer_boarded_total", "counter", "Rides boarded.", figures->wait_n);
	line(out, "zubringer_ride_ms_total", "counter", "Time aboard, summed over rides done.", figures->ride_ms_sum);
	line(out, "zubringer_direct_ms_total", "counter", "Direct driving time of rides done.", figures->direct_ms_sum);
	line(out, "zubringer_shared_total", "counter", "Rides done that had another party aboard some of the time.",
	     figures->shared);
	line(out, "zubringer_prebooked_total", "counter", "Prebooked rides promised.", figures->prebooked);
	line(out, "zubringer_tied_total", "counter", "Rides tied to a train or bus.", figures->tied);
	line(out, "zubringer_offers_gone_total", "counter", "Acceptances answered gone.", figures->gone);
	line(out, "zubringer_empty_mm_total", "counter", "Distance driven without riders.", figures->empty_mm);
	line(out, "zubringer_loaded_mm_total", "counter", "Distance driven with riders.", figures->loaded_mm);
}

static void fleet_metrics(struct evbuffer *out, const struct core *core)
{
	uint64_t in_service = 0, up = 0, aboard = 0, open = 0;
	for (uint32_t i = 0; i < core_n_vehicles(core); i++) {
		const struct core_vehicle *vehicle = core_vehicle_at(core, i);
		in_service += vehicle->service == SERVICE_IN;
		up += vehicle->link_up != 0;
		aboard += vehicle->n_aboard;
	}
	for (uint32_t i = 0; i < core_n_cases(core); i++)
		open += core_case_at(core, i)->closed_at <= 0;
	line(out, "zubringer_vehicles", "gauge", "Vehicles enrolled.", core_n_vehicles(core));
	line(out, "zubringer_vehicles_in_service", "gauge", "Vehicles in service.", in_service);
	line(out, "zubringer_vehicles_connected", "gauge", "Vehicles with a live link.", up);
	line(out, "zubringer_rides_aboard", "gauge", "Rides aboard now.", aboard);
	line(out, "zubringer_cases_open", "gauge", "Cases that wait for a person.", open);
	line(out, "zubringer_supervisors", "gauge", "Supervisors on duty.", core_n_supervisors(core));
	line(out, "zubringer_rides_kept", "gauge", "Rides in memory.", core_n_rides(core));
}

static void http_metrics(struct evbuffer *out, const struct http *http)
{
	line(out, "zubringer_http_requests_total", "counter", "HTTP requests.", http->counts.requests);
	line(out, "zubringer_http_client_errors_total", "counter", "Answers 4xx.", http->counts.client_errors);
	line(out, "zubringer_http_server_errors_total", "counter", "Answers 5xx.", http->counts.server_errors);
	line(out, "zubringer_http_token_refused_total", "counter", "Wrong operator tokens.", http->counts.refused);
	line(out, "zubringer_http_gone_total", "counter", "Clients gone before their answer.", http->counts.gone);
	line(out, "zubringer_http_connections", "gauge", "Open connections.", (uint64_t)http->n_connections);
	line(out, "zubringer_http_streams", "gauge", "Open event streams.", http->n_streams);
	line(out, "zubringer_http_streams_dropped_total", "counter", "Streams dropped because the reader was too slow.",
	     http->counts.streams_dropped);
}

static void core_metrics(struct evbuffer *out, const struct http *http)
{
	rides_metrics(out, core_figures(http_core(http)));
	figures_metrics(out, core_figures(http_core(http)));
	needs_metrics(out, http_town(http), core_figures(http_core(http)));
	fleet_metrics(out, http_core(http));
}

void handle_metrics(struct call *call)
{
	struct http *http = call->http;
	struct evbuffer *out = evbuffer_new();
	char *text = calloc(1, HOST_METRICS_BYTES), why[320];
	if (!out || !text)
		reply_error(call, "full", NULL);
	else {
		if (http->host.holding(http->host.self, why, sizeof why) < 2) /* else nothing of its state is told */
			core_metrics(out, http);
		http_metrics(out, http);
		http->host.metrics(http->host.self, text, HOST_METRICS_BYTES);
		evbuffer_add(out, text, strnlen(text, HOST_METRICS_BYTES));
		reply_bytes(call, 200, "text/plain; version=0.0.4; charset=utf-8", "no-store", out);
	}
	free(text);
	if (out)
		evbuffer_free(out);
}
