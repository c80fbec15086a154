#include "placing.h"

int placing_open(struct placing *placing, const struct town *town, struct err_detail *detail)
{
	const char *crs = town_text(town, town->crs);
	placing->town = town;
	placing->projection = NULL;
	return projection_open(&placing->projection, *crs ? crs : NULL, town->origin, detail);
}

void placing_close(struct placing *placing)
{
	if (placing->projection)
		projection_close(placing->projection);
	placing->projection = NULL;
}

int placing_find(struct placing *placing, struct geo_point point, struct place *ret_place)
{
	struct geo_xy xy;
	struct snap snap;
	if (projection_forward(placing->projection, point, &xy))
		return ERR_RANGE;
	struct place place = {.point = point, .road = {NONE, 0}, .walk = {NONE, 0}, .stop = NONE};
	if (network_snap(&placing->town->road, 0, xy, PLACING_AWAY_MM, 1, &snap, 1)) {
		place.road = snap.spot;
		place.road_away_mm = snap.away_mm;
		place.side = snap.side;
	}
	if (network_snap(&placing->town->walk, 0, xy, PLACING_AWAY_MM, 0, &snap, 1))
		place.walk = snap.spot;
	if (place.road.arc == NONE && place.walk.arc == NONE)
		return ERR_RANGE;
	*ret_place = place;
	return ERR_OK;
}

int placing_street(struct placing *placing, struct geo_point point, uint32_t *ret_arc)
{
	struct geo_xy xy;
	struct snap snap;
	if (projection_forward(placing->projection, point, &xy) ||
	    !network_snap(&placing->town->road, 0, xy, PLACING_AWAY_MM, 0, &snap, 1))
		return ERR_RANGE;
	*ret_arc = snap.spot.arc;
	return ERR_OK;
}
