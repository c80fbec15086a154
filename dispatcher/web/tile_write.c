#include "array.h"
#include "err.h"
#include "tile_parts.h"
#include "vector_tile.pb-c.h"
#include <stdlib.h>
#include <string.h>

enum { MOVE_TO = 1, LINE_TO = 2, CLOSE_PATH = 7 };

static const char *const layer_names[TILE_LAYERS] = {"water", "river", "green",		"rail",	 "built",
						     "roads", "stops", "transit_stops", "houses"};

struct feature { /* where its numbers lie in the writer's pool (which moves as it grows) */
	size_t tags, n_tags, geometry, n_geometry;
	uint64_t id;
	enum tile_type type;
};
struct layer {
	struct feature *features;
	size_t n_features, cap_features;
	const char **keys;
	size_t n_keys, cap_keys;
	struct tile_tag *values;
	size_t n_values, cap_values;
	uint32_t *slots; /* hash -> value + 1 */
	size_t n_slots;
};
struct tile_writer {
	struct layer layers[TILE_LAYERS];
	uint32_t *pool;
	size_t n_pool, cap_pool;
};

int tile_writer_open(struct tile_writer **ret_writer)
{
	*ret_writer = calloc(1, sizeof **ret_writer);
	return *ret_writer ? ERR_OK : ERR_MEMORY;
}

void tile_writer_close(struct tile_writer *writer)
{
	for (int i = 0; writer && i < TILE_LAYERS; i++) {
		free(writer->layers[i].features);
		free(writer->layers[i].keys);
		free(writer->layers[i].values);
		free(writer->layers[i].slots);
	}
	if (writer)
		free(writer->pool);
	free(writer);
}

void tile_writer_begin(struct tile_writer *writer)
{
	writer->n_pool = 0;
	for (int i = 0; i < TILE_LAYERS; i++) {
		struct layer *layer = &writer->layers[i];
		layer->n_features = layer->n_keys = layer->n_values = 0;
		if (layer->n_slots)
			memset(layer->slots, 0, layer->n_slots * sizeof *layer->slots);
	}
}

static int push(struct tile_writer *writer, uint32_t number)
{
	return array_push(writer->pool, writer->n_pool, writer->cap_pool, number);
}

static uint32_t command(uint32_t id, size_t count)
{
	return (uint32_t)count << 3 | id;
}

static uint32_t zigzag(int32_t value)
{
	return (uint32_t)value << 1 ^ (value < 0 ? UINT32_MAX : 0);
}

/* Lines and polygons: move to the first, line to the rest. */
static int push_path(struct tile_writer *writer, const struct tile_point *points, size_t n, int reversed)
{
	struct tile_point at = {0, 0};
	int code = ERR_OK;
	for (size_t i = 0; i < n && !code; i++) {
		struct tile_point p = points[reversed ? n - 1 - i : i];
		if (i == 0)
			code = push(writer, command(MOVE_TO, 1));
		else if (i == 1)
			code = push(writer, command(LINE_TO, n - 1));
		if (!code)
			code = push(writer, zigzag(p.x - at.x));
		if (!code)
			code = push(writer, zigzag(p.y - at.y));
		at = p;
	}
	return code;
}

/* Surveyor's formula; positive = clockwise on the screen = an outer ring. */
static int64_t area_twice(const struct tile_point *points, size_t n)
{
	int64_t sum = 0;
	for (size_t i = 0; i < n; i++) {
		struct tile_point a = points[i], b = points[(i + 1) % n];
		sum += (int64_t)a.x * b.y - (int64_t)b.x * a.y;
	}
	return sum;
}

static int key_of(struct layer *layer, const char *key, uint32_t *ret_index)
{
	for (size_t i = 0; i < layer->n_keys; i++) {
		if (layer->keys[i] == key || strcmp(layer->keys[i], key) == 0) {
			*ret_index = (uint32_t)i;
			return ERR_OK;
		}
	}
	*ret_index = (uint32_t)layer->n_keys;
	return array_push(layer->keys, layer->n_keys, layer->cap_keys, key);
}

static size_t hash_of(const struct tile_tag *tag)
{
	uint64_t hash = tag->number * UINT64_C(0x9e3779b97f4a7c15);
	for (const char *p = tag->text ? tag->text : ""; *p; p++)
		hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
	return (size_t)(hash ^ hash >> 29);
}

static int equal(const struct tile_tag *a, const struct tile_tag *b)
{
	if (a->text && b->text)
		return strcmp(a->text, b->text) == 0;
	return !a->text && !b->text && a->number == b->number;
}

static int grow_slots(struct layer *layer)
{
	size_t n = layer->n_slots ? layer->n_slots * 2 : 64;
	uint32_t *slots = calloc(n, sizeof *slots);
	if (!slots)
		return ERR_MEMORY;
	for (size_t i = 0; i < layer->n_values; i++) {
		size_t at = hash_of(&layer->values[i]) & (n - 1);
		while (slots[at])
			at = (at + 1) & (n - 1);
		slots[at] = (uint32_t)i + 1;
	}
	free(layer->slots);
	layer->slots = slots;
	layer->n_slots = n;
	return ERR_OK;
}

static int value_of(struct layer *layer, const struct tile_tag *tag, uint32_t *ret_index)
{
	if (2 * (layer->n_values + 1) > layer->n_slots && grow_slots(layer))
		return ERR_MEMORY;
	size_t at = hash_of(tag) & (layer->n_slots - 1);
	for (; layer->slots[at]; at = (at + 1) & (layer->n_slots - 1)) {
		if (equal(&layer->values[layer->slots[at] - 1], tag)) {
			*ret_index = layer->slots[at] - 1;
			return ERR_OK;
		}
	}
	if (array_push(layer->values, layer->n_values, layer->cap_values, *tag))
		return ERR_MEMORY;
	layer->slots[at] = (uint32_t)layer->n_values;
	*ret_index = (uint32_t)layer->n_values - 1;
	return ERR_OK;
}

static int push_tags(struct tile_writer *writer, struct layer *layer, const struct tile_tag *tags, size_t n_tags)
{
	for (size_t i = 0; i < n_tags; i++) {
		uint32_t key, value;
		if (key_of(layer, tags[i].key, &key) || value_of(layer, &tags[i], &value) || push(writer, key) ||
		    push(writer, value))
			return ERR_MEMORY;
	}
	return ERR_OK;
}

int tile_writer_add(struct tile_writer *writer, enum tile_layer index, enum tile_type type,
		    const struct tile_point *points, size_t n, uint64_t id, const struct tile_tag *tags, size_t n_tags)
{
	struct layer *layer = &writer->layers[index];
	int64_t area = type == TILE_POLYGON ? area_twice(points, n) : 0;
	if (n < (size_t)type || (type == TILE_POLYGON && area == 0))
		return ERR_OK; /* nothing left to see at this zoom */
	struct feature feature = {.tags = writer->n_pool, .id = id, .type = type};
	if (push_tags(writer, layer, tags, n_tags))
		return ERR_MEMORY;
	feature.n_tags = writer->n_pool - feature.tags;
	feature.geometry = writer->n_pool;
	if (push_path(writer, points, type == TILE_POINT ? 1 : n, area < 0) ||
	    (type == TILE_POLYGON && push(writer, command(CLOSE_PATH, 1))))
		return ERR_MEMORY;
	feature.n_geometry = writer->n_pool - feature.geometry;
	return array_push(layer->features, layer->n_features, layer->cap_features, feature);
}

/* ---- packing ---- */
struct packed_layer {
	Zub__Tile__Layer layer;
	Zub__Tile__Feature *features;
	Zub__Tile__Feature **feature_list;
	Zub__Tile__Value *values;
	Zub__Tile__Value **value_list;
};

static void packed_free(struct packed_layer *packed)
{
	free(packed->features);
	free(packed->feature_list);
	free(packed->values);
	free(packed->value_list);
}

static void pack_features(const struct tile_writer *writer, const struct layer *from, struct packed_layer *to)
{
	for (size_t i = 0; i < from->n_features; i++) {
		const struct feature *feature = &from->features[i];
		Zub__Tile__Feature *out = &to->features[i];
		zub__tile__feature__init(out);
		out->has_id = feature->id != 0;
		out->id = feature->id;
		out->has_type = 1;
		out->type = (Zub__Tile__GeometryType)feature->type;
		out->n_tags = feature->n_tags;
		out->tags = writer->pool + feature->tags;
		out->n_geometry = feature->n_geometry;
		out->geometry = writer->pool + feature->geometry;
		to->feature_list[i] = out;
	}
}

static void pack_values(const struct layer *from, struct packed_layer *to)
{
	for (size_t i = 0; i < from->n_values; i++) {
		Zub__Tile__Value *out = &to->values[i];
		zub__tile__value__init(out);
		out->string_value = (char *)(uintptr_t)from->values[i].text;
		out->has_uint_value = !from->values[i].text;
		out->uint_value = from->values[i].number;
		to->value_list[i] = out;
	}
}

static int pack_layer(const struct tile_writer *writer, int index, struct packed_layer *to)
{
	const struct layer *from = &writer->layers[index];
	to->features = calloc(from->n_features, sizeof *to->features);
	to->feature_list = calloc(from->n_features, sizeof *to->feature_list);
	to->values = calloc(from->n_values + 1, sizeof *to->values);
	to->value_list = calloc(from->n_values + 1, sizeof *to->value_list);
	if (!to->features || !to->feature_list || !to->values || !to->value_list)
		return ERR_MEMORY;
	pack_features(writer, from, to);
	pack_values(from, to);
	zub__tile__layer__init(&to->layer);
	to->layer.version = 2;
	to->layer.name = (char *)(uintptr_t)layer_names[index];
	to->layer.has_extent = 1;
	to->layer.extent = TILE_EXTENT;
	to->layer.n_features = from->n_features;
	to->layer.features = to->feature_list;
	to->layer.n_keys = from->n_keys;
	to->layer.keys = (char **)(uintptr_t)from->keys;
	to->layer.n_values = from->n_values;
	to->layer.values = to->value_list;
	return ERR_OK;
}

int tile_writer_finish(struct tile_writer *writer, void **ret_bytes, size_t *ret_n)
{
	struct packed_layer packed[TILE_LAYERS];
	Zub__Tile__Layer *list[TILE_LAYERS];
	Zub__Tile__Tile tile = ZUB__TILE__TILE__INIT;
	int code = ERR_OK;
	memset(packed, 0, sizeof packed);
	for (int i = 0; i < TILE_LAYERS && !code; i++) {
		if (writer->layers[i].n_features == 0)
			continue;
		code = pack_layer(writer, i, &packed[i]);
		list[tile.n_layers++] = &packed[i].layer;
	}
	tile.layers = list;
	size_t n = code ? 0 : zub__tile__tile__get_packed_size(&tile);
	void *bytes = code ? NULL : malloc(n + 1);
	if (bytes) {
		zub__tile__tile__pack(&tile, bytes);
		*ret_bytes = bytes;
		*ret_n = n;
	}
	for (int i = 0; i < TILE_LAYERS; i++)
		packed_free(&packed[i]);
	return bytes ? ERR_OK : ERR_MEMORY;
}
