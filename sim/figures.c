#include "figures.h"

static void set(json_t *json, const char *name, uint64_t value)
{
	json_object_set_new(json, name, json_integer((json_int_t)value));
}

static void set_ratio(json_t *json, const char *name, uint64_t part, uint64_t whole)
{
	uint64_t permille = whole ? (part * 1000 + whole / 2) / whole : 0;
	json_object_set_new(json, name, json_real((double)permille / 1000.0));
}

static json_t *rejections(const struct checker_figures *figures)
{
	json_t *json = json_object();
	for (uint8_t i = 1; i < REFUSALS; i++)
		if (figures->rejections_by[i])
			set(json, core_refusal_name(i), figures->rejections_by[i]);
	return json;
}

static json_t *broken_by(const struct checker_figures *figures)
{
	json_t *json = json_object();
	for (uint8_t i = 0; i < CAUSES; i++)
		if (figures->broken_by[i])
			set(json, core_cause_name(i), figures->broken_by[i]);
	return json;
}

json_t *figures_json(const struct checker_figures *figures, uint64_t empty_mm, uint64_t loaded_mm)
{
	json_t *json = json_object();
	set(json, "requests", figures->requests);
	set(json, "promised", figures->promised);
	set_ratio(json, "promised_share", figures->promised, figures->requests);
	set(json, "rejections", figures->refused);
	json_object_set_new(json, "rejections_by", rejections(figures));
	set(json, "offers_not_taken", figures->declined);
	set(json, "done", figures->done);
	set(json, "cancelled", figures->cancelled);
	set(json, "no_show", figures->no_shows);
	set(json, "broken", figures->promises_broken);
	json_object_set_new(json, "broken_by", broken_by(figures));
	set(json, "operator_cancelled", figures->operator_cancelled);
	set(json, "rider_late", figures->rider_late);
	set(json, "kept", figures->promises_kept);
	set(json, "ended_broken", figures->broken);
	set(json, "origins", figures->origins);
	set(json, "shared", figures->shared_done);
	set_ratio(json, "shared_share", figures->shared_done, figures->done);
	set(json, "wheelchair", figures->wheelchair_done);
	set(json, "prebooked", figures->prebooked_done);
	set(json, "tied_to_trip", figures->tied_done);
	set(json, "from_late_train", figures->late_train_done);
	set(json, "followed_late_train", figures->followed_done);
	set(json, "wait_mean_s", figures->wait_n ? figures->wait_ms_sum / figures->wait_n / 1000 : 0);
	set(json, "wait_p95_s", figures->wait_ms_p95 / 1000);
	set(json, "in_vehicle_mean_s", figures->done ? figures->in_vehicle_ms_sum / figures->done / 1000 : 0);
	set(json, "vehicles_used", figures->vehicles_used);
	set(json, "outside_events", figures->outside_events);
	set(json, "driven_m", (empty_mm + loaded_mm) / 1000);
	set(json, "empty_m", empty_mm / 1000);
	set_ratio(json, "empty_share", empty_mm, empty_mm + loaded_mm);
	return json;
}
