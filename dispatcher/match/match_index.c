#include "match_state.h"

#include <assert.h>

#include "err.h"

/* --- stops by arc --- */

void index_stop(struct match *match, uint32_t id)
{
	uint32_t *head = match_arc_head(match, match->stop.arc[id]);
	match->stop.previous[id] = NONE;
	match->stop.next[id] = *head;
	if (*head != NONE)
		match->stop.previous[*head] = id;
	*head = id;
}

void index_stop_end(struct match *match, uint32_t id)
{
	uint32_t next = match->stop.next[id], previous = match->stop.previous[id];
	if (next != NONE)
		match->stop.previous[next] = previous;
	if (previous != NONE)
		match->stop.next[previous] = next;
	else
		*match_arc_head(match, match->stop.arc[id]) = next;
}

/* --- legs --- */

static void loose_leg(struct match *match, uint32_t id)
{
	match->stop.loose_at[id] = match->n_loose_legs;
	match->loose_legs[match->n_loose_legs++] = id;
}

static void loose_leg_end(struct match *match, uint32_t id)
{
	uint32_t at = match->stop.loose_at[id], last = match->loose_legs[--match->n_loose_legs];
	match->loose_legs[at] = last;
	match->stop.loose_at[last] = at;
	match->stop.loose_at[id] = NONE;
}

void index_leg_end(struct match *match, uint32_t id)
{
	struct route_hub *label = match_from(match, id);
	int32_t room = match->stop.room[id];
	if (match->stop.loose_at[id] != NONE)
		loose_leg_end(match, id);
	if (room == MATCH_FAR)
		return;
	match->stop.room[id] = MATCH_FAR;
	for (uint32_t i = 0; i < match->stop.n_from[id]; i++) {
		if (!(label[i].vertex & MATCH_INDEXED))
			continue;
		label[i].vertex &= ~MATCH_INDEXED;
		bucket_remove(&match->pool, &match->bucket[label[i].vertex][KIND_LEG], label[i].time - room, id);
	}
}

void index_leg(struct match *match, uint32_t id)
{
	uint32_t vehicle = match->stop.vehicle[id], n = match->stop.n_from[id];
	size_t at = match_at(match, vehicle, match->stop.place[id]);
	uint32_t next = match->plan.id[at + 1];
	int32_t spare = match->plan.slack[at + 1] - (int32_t)match->rules.stop;
	int32_t room = match->plan.arrival[at + 1] - match->plan.departure[at] + spare;
	struct route_hub *label = match_from(match, id);
	assert(match->stop.room[id] == MATCH_FAR && match->stop.loose_at[id] == NONE);
	if (spare < 0)
		return;
	route_hubs_onward(match->hubs, label, n, match_to(match, next), match->stop.n_to[next], match->onward);
	match->stop.room[id] = room;
	for (uint32_t i = 0; i < n; i++) {
		if (label[i].time + match->onward[i] > room)
			continue;
		struct match_entry entry = {label[i].time - room, label[i].time, id, 0};
		if (bucket_add(&match->pool, &match->bucket[label[i].vertex][KIND_LEG], entry)) {
			index_leg_end(match, id);
			loose_leg(match, id);
			return;
		}
		label[i].vertex |= MATCH_INDEXED;
		match->counts.added++;
	}
}

/* --- last stops --- */

static uint32_t last_id(const struct match *match, uint32_t vehicle)
{
	return match->plan.id[match_at(match, vehicle, match->n_stops[vehicle] - 1)];
}

static void loose_last(struct match *match, uint32_t vehicle)
{
	match->loose_last_at[vehicle] = match->n_loose_last;
	match->loose_last[match->n_loose_last++] = vehicle;
}

static void loose_last_end(struct match *match, uint32_t vehicle)
{
	uint32_t at = match->loose_last_at[vehicle], last = match->loose_last[--match->n_loose_last];
	match->loose_last[at] = last;
	match->loose_last_at[last] = at;
	match->loose_last_at[vehicle] = NONE;
}

static struct match_bucket *last_bucket(const struct match *match, uint32_t vertex, int32_t key)
{
	return &match->bucket[vertex & ~MATCH_INDEXED][key ? KIND_BUSY : KIND_IDLE];
}

/* Entries at the first n hubs. Idle vehicles have key 0, busy ones never (departure 0 is as good as idle). */
static void last_remove(struct match *match, uint32_t vehicle, uint32_t n)
{
	const struct route_hub *label = match_from(match, last_id(match, vehicle));
	const uint32_t *places = match->last_at + (size_t)vehicle * match->label_most;
	for (uint32_t i = 0; i < n; i++) {
		struct match_bucket *bucket = last_bucket(match, label[i].vertex, match->last_key[vehicle]);
		heap_bucket_remove(&match->pool, bucket, places[i], match->last_at);
	}
	match->last_key[vehicle] = MATCH_FAR;
}

void index_last_end(struct match *match, uint32_t vehicle)
{
	if (match->loose_last_at[vehicle] != NONE)
		loose_last_end(match, vehicle);
	if (match->last_key[vehicle] != MATCH_FAR)
		last_remove(match, vehicle, match->stop.n_from[last_id(match, vehicle)]);
}

static void last_move(struct match *match, uint32_t vehicle, int32_t new_key)
{
	uint32_t id = last_id(match, vehicle);
	const struct route_hub *label = match_from(match, id);
	const uint32_t *places = match->last_at + (size_t)vehicle * match->label_most;
	for (uint32_t i = 0; i < match->stop.n_from[id]; i++)
		heap_bucket_move(&match->pool, last_bucket(match, label[i].vertex, new_key), places[i],
				 label[i].time + new_key, match->last_at);
	match->last_key[vehicle] = new_key;
}

static void last_add(struct match *match, uint32_t vehicle, int32_t key)
{
	uint32_t id = last_id(match, vehicle), slot = vehicle * match->label_most;
	const struct route_hub *label = match_from(match, id);
	match->last_key[vehicle] = key;
	for (uint32_t i = 0; i < match->stop.n_from[id]; i++) {
		struct match_entry entry = {label[i].time + key, label[i].time, vehicle, slot + i};
		struct match_bucket *bucket = last_bucket(match, label[i].vertex, key);
		if (heap_bucket_add(&match->pool, bucket, entry, match->last_at)) {
			last_remove(match, vehicle, i);
			loose_last(match, vehicle);
			return;
		}
		match->counts.added++;
	}
}

void index_last(struct match *match, uint32_t vehicle, int is_idle)
{
	int32_t old = match->last_key[vehicle];
	int32_t key = match->plan.departure[match_at(match, vehicle, match->n_stops[vehicle] - 1)];
	key = is_idle ? 0 : key;
	if (old == key || match->loose_last_at[vehicle] != NONE)
		return;
	if (old != MATCH_FAR && old && key) {
		last_move(match, vehicle, key);
		return;
	}
	index_last_end(match, vehicle);
	last_add(match, vehicle, key);
}
