#include "geo.h"

#include <stddef.h>

#include "err.h"

#define PART_BITS 20

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

uint64_t geo_sqrt(uint64_t value)
{
	uint64_t root = 0, bit = UINT64_C(1) << 62;
	while (bit > value)
		bit >>= 2;
	for (; bit; bit >>= 2) {
		if (value >= root + bit) {
			value -= root + bit;
			root = (root >> 1) + bit;
		} else {
			root >>= 1;
		}
	}
	return root;
}

static uint64_t absolute(int64_t value)
{
	return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

uint64_t geo_distance_mm(struct geo_xy a, struct geo_xy b)
{
	uint64_t dx = absolute((int64_t)b.x_mm - a.x_mm), dy = absolute((int64_t)b.y_mm - a.y_mm);
	int shift = 0; /* squares of more than 2^31 mm would not fit: lose a bit there */
	while ((dx | dy) >> shift >= UINT64_C(1) << 31)
		shift++;
	dx >>= shift;
	dy >>= shift;
	return geo_sqrt(dx * dx + dy * dy) << shift;
}

/* cos of whole degrees, times 2^30 */
static const int32_t cosines[91] = {
	1073741824, 1073578288, 1073087729, 1072270298, 1071126243, 1069655912, 1067859754, 1065738315, 1063292242,
	1060522280, 1057429273, 1054014162, 1050277989, 1046221891, 1041847103, 1037154959, 1032146887, 1026824413,
	1021189159, 1015242840, 1008987269, 1002424350, 995556083,  988384560,	980911966,  973140576,	965072759,
	956710970,  948057759,	939115760,  929887697,	920376381,  910584710,	900515665,  890172315,	879557810,
	868675383,  857528349,	846120104,  834454122,	822533958,  810363241,	797945680,  785285058,	772385229,
	759250125,  745883746,	732290163,  718473518,	704438018,  690187940,	675727625,  661061475,	646193961,
	631129609,  615873009,	600428808,  584801711,	568996477,  553017922,	536870912,  520560366,	504091252,
	487468587,  470697435,	453782903,  436730145,	419544355,  402230767,	384794656,  367241333,	349576144,
	331804471,  313931728,	295963357,  277904834,	259761657,  241539355,	223243478,  204879599,	186453311,
	167970228,  149435979,	130856211,  112236583,	93582766,   74900443,	56195305,   37473049,	18739379,
	0,
};

/* cos(latitude) times 2^30; linear between whole degrees, relative error under 4e-5 */
static int64_t cosine(int64_t lat_e7)
{
	int64_t degree = 10000000, at = lat_e7 < 0 ? -lat_e7 : lat_e7;
	if (at >= 90 * degree)
		return 0;
	int64_t low = cosines[at / degree], high = cosines[at / degree + 1];
	return low + (high - low) * (at % degree) / degree;
}

uint64_t geo_rough_mm(struct geo_point a, struct geo_point b)
{
	int64_t half = INT64_C(1800000000);
	int64_t dlat = (int64_t)b.lat_e7 - a.lat_e7, dlon = (int64_t)b.lon_e7 - a.lon_e7;
	if (dlon > half)
		dlon -= 2 * half;
	if (dlon < -half)
		dlon += 2 * half;
	/* Length of a degree on the WGS84 ellipsoid (first terms of the series in cos), as um per 1e-7 degrees. */
	int64_t cos1 = cosine(((int64_t)a.lat_e7 + b.lat_e7) / 2), square = (cos1 * cos1) >> 30;
	int64_t lat_um = 11113 - ((56 * (2 * square - (INT64_C(1) << 30))) >> 30);
	int64_t lon_um = ((11141 * cos1) >> 30) - ((((9 * cos1) >> 30) * (4 * square - (INT64_C(3) << 30))) >> 30);
	uint64_t dx = absolute(dlon * lon_um / 1000), dy = absolute(dlat * lat_um / 1000);
	int shift = 0;
	while ((dx | dy) >> shift >= UINT64_C(1) << 31)
		shift++;
	dx >>= shift;
	dy >>= shift;
	return geo_sqrt(dx * dx + dy * dy) << shift;
}

static int128 dot(int64_t ax, int64_t ay, int64_t bx, int64_t by)
{
	return (int128)ax * bx + (int128)ay * by;
}

/* Where the foot of the perpendicular lies: 0 .. 1 << PART_BITS along the segment, rounded down */
static uint32_t part_along(int128 along, int128 length2)
{
	if (along <= 0)
		return 0;
	if (along >= length2)
		return 1u << PART_BITS;
	/* Short segments (under 2.9 km) need no 128-bit division. */
	if (length2 < (int128)1 << (63 - PART_BITS))
		return (uint32_t)(((uint64_t)along << PART_BITS) / (uint64_t)length2);
	return (uint32_t)(((uint128)along << PART_BITS) / (uint128)length2);
}

uint64_t geo_segment_nearest(struct geo_xy p, struct geo_xy a, struct geo_xy b, uint32_t *ret_part)
{
	int64_t dx = (int64_t)b.x_mm - a.x_mm, dy = (int64_t)b.y_mm - a.y_mm;
	int64_t px = (int64_t)p.x_mm - a.x_mm, py = (int64_t)p.y_mm - a.y_mm;
	int128 length2 = dot(dx, dy, dx, dy);
	uint32_t part = length2 ? part_along(dot(px, py, dx, dy), length2) : 0;
	int64_t half = INT64_C(1) << (PART_BITS - 1);
	int64_t ex = px - ((dx * part + half) >> PART_BITS), ey = py - ((dy * part + half) >> PART_BITS);
	int128 away2 = dot(ex, ey, ex, ey);
	if (ret_part)
		*ret_part = part;
	return away2 > (int128)UINT64_MAX ? UINT64_MAX : (uint64_t)away2;
}

int geo_side(struct geo_xy p, struct geo_xy a, struct geo_xy b)
{
	int64_t dx = (int64_t)b.x_mm - a.x_mm, dy = (int64_t)b.y_mm - a.y_mm;
	int64_t px = (int64_t)p.x_mm - a.x_mm, py = (int64_t)p.y_mm - a.y_mm;
	int128 cross = (int128)dx * py - (int128)dy * px;
	return (cross > 0) - (cross < 0);
}

static const char *skip_spaces(const char *text)
{
	while (*text == ' ' || *text == '\t')
		text++;
	return text;
}

/* Reads one number "-12.3456" into 1e-7 degrees; returns what follows, or NULL. Too large a number stays too large. */
static const char *parse_degrees(const char *text, int64_t *ret_e7)
{
	int negative = *text == '-', digits = 0, decimals = 0;
	int64_t value = 0;
	if (*text == '-' || *text == '+')
		text++;
	for (; *text >= '0' && *text <= '9'; text++, digits++)
		if (value < 1000)
			value = value * 10 + (*text - '0');
	if (!digits || *text++ != '.')
		return NULL;
	for (; *text >= '0' && *text <= '9'; text++, decimals++) {
		if (decimals == 7)
			return NULL;
		value = value * 10 + (*text - '0');
	}
	if (!decimals)
		return NULL;
	for (; decimals < 7; decimals++)
		value *= 10;
	*ret_e7 = negative ? -value : value;
	return text;
}

int geo_parse(const char *text, struct geo_point *ret_point)
{
	int64_t lat, lon;
	const char *at = parse_degrees(skip_spaces(text), &lat);
	if (!at)
		return ERR_FORMAT;
	at = skip_spaces(at);
	if (*at++ != ',')
		return ERR_FORMAT;
	at = parse_degrees(skip_spaces(at), &lon);
	if (!at || *skip_spaces(at))
		return ERR_FORMAT;
	if (lat < -900000000 || lat > 900000000 || lon < -1800000000 || lon > 1800000000)
		return ERR_RANGE;
	*ret_point = (struct geo_point){.lat_e7 = (int32_t)lat, .lon_e7 = (int32_t)lon};
	return 0;
}

static int on_segment(struct geo_point p, struct geo_point a, struct geo_point b, int128 cross)
{
	if (cross)
		return 0;
	int32_t lat_low = a.lat_e7 < b.lat_e7 ? a.lat_e7 : b.lat_e7,
		lat_high = a.lat_e7 < b.lat_e7 ? b.lat_e7 : a.lat_e7;
	int32_t lon_low = a.lon_e7 < b.lon_e7 ? a.lon_e7 : b.lon_e7,
		lon_high = a.lon_e7 < b.lon_e7 ? b.lon_e7 : a.lon_e7;
	return p.lat_e7 >= lat_low && p.lat_e7 <= lat_high && p.lon_e7 >= lon_low && p.lon_e7 <= lon_high;
}

int geo_inside(struct geo_point p, const struct geo_point *ring, uint32_t n)
{
	int inside = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct geo_point a = ring[i], b = ring[i + 1 < n ? i + 1 : 0];
		int128 cross = (int128)((int64_t)b.lon_e7 - a.lon_e7) * ((int64_t)p.lat_e7 - a.lat_e7) -
			       (int128)((int64_t)b.lat_e7 - a.lat_e7) * ((int64_t)p.lon_e7 - a.lon_e7);
		if (on_segment(p, a, b, cross))
			return 1;
		/* An edge counts when it crosses the parallel of p east of p; half open, so a corner counts once. */
		int upward = a.lat_e7 <= p.lat_e7 && b.lat_e7 > p.lat_e7,
		    downward = b.lat_e7 <= p.lat_e7 && a.lat_e7 > p.lat_e7;
		if ((upward && cross > 0) || (downward && cross < 0))
			inside = !inside;
	}
	return inside;
}
