#include "projection.h"

#include <geodesic.h>
#include <math.h>
#include <proj.h>
#include <stdio.h>
#include <stdlib.h>

#include "units.h"

#define FAR_MM 2e9 /* 2,000 km */

struct projection {
	PJ_CONTEXT *context;
	PJ *transform; /* degrees east, north -> CRS units, east, north */
	double mm_per_unit;
	double origin_x_mm, origin_y_mm;
	struct geod_geodesic ellipsoid;
	char crs[128];
};

static void crs_of_zone(struct geo_point origin, char *ret_crs, size_t size)
{
	int zone = (origin.lon_e7 / 10000000 + 180 - (origin.lon_e7 < 0 && origin.lon_e7 % 10000000 != 0)) / 6 % 60 + 1;
	snprintf(ret_crs, size, "EPSG:%d", (origin.lat_e7 < 0 ? 32700 : 32600) + zone);
}

static int is_projected(PJ_TYPE type)
{
	return type == PJ_TYPE_PROJECTED_CRS || type == PJ_TYPE_COMPOUND_CRS || type == PJ_TYPE_BOUND_CRS;
}

/* Checks that the CRS is a plane one and finds its unit and name. */
static int understand_crs(struct projection *projection, const char *crs, struct err_detail *detail)
{
	PJ_CONTEXT *context = projection->context;
	PJ *parsed = proj_create(context, crs);
	if (!parsed || !is_projected(proj_get_type(parsed))) {
		proj_destroy(parsed);
		return err_set(detail, ERR_FORMAT,
			       "crs \"%s\": expected a projected coordinate reference system such as EPSG:25832", crs);
	}
	const char *authority = proj_get_id_auth_name(parsed, 0), *code = proj_get_id_code(parsed, 0);
	int n = authority && code ? snprintf(projection->crs, sizeof projection->crs, "%s:%s", authority, code)
				  : snprintf(projection->crs, sizeof projection->crs, "%s", crs);
	double factor = 1;
	PJ *axes = proj_crs_get_coordinate_system(context, parsed);
	if (axes)
		proj_cs_get_axis_info(context, axes, 0, NULL, NULL, NULL, &factor, NULL, NULL, NULL);
	proj_destroy(axes);
	proj_destroy(parsed);
	projection->mm_per_unit = factor * 1000;
	if (n < 0 || (size_t)n >= sizeof projection->crs || !(factor > 0))
		return err_set(detail, ERR_FORMAT, "crs \"%s\": too long, or without a unit of length", crs);
	return 0;
}

static int open_transform(struct projection *projection, struct err_detail *detail)
{
	PJ *raw = proj_create_crs_to_crs(projection->context, "EPSG:4326", projection->crs, NULL);
	if (raw) {
		projection->transform = proj_normalize_for_visualization(projection->context, raw);
		proj_destroy(raw);
	}
	if (!projection->transform)
		return err_set(detail, ERR_FORMAT, "crs \"%s\": PROJ knows no way from WGS84 to it", projection->crs);
	return 0;
}

static int to_plane_mm(struct projection *projection, struct geo_point point, double *ret_x, double *ret_y)
{
	PJ_COORD in = proj_coord(point.lon_e7 / 1e7, point.lat_e7 / 1e7, 0, 0);
	PJ_COORD out = proj_trans(projection->transform, PJ_FWD, in);
	if (!isfinite(out.xy.x) || !isfinite(out.xy.y))
		return ERR_RANGE;
	*ret_x = out.xy.x * projection->mm_per_unit;
	*ret_y = out.xy.y * projection->mm_per_unit;
	return 0;
}

static int open_all(struct projection *projection, const char *crs, struct geo_point origin, struct err_detail *detail)
{
	char zone[32];
	projection->context = proj_context_create();
	if (!projection->context)
		return ERR_MEMORY;
	proj_context_set_enable_network(projection->context, 0);
	proj_log_level(projection->context, PJ_LOG_NONE);
	geod_init(&projection->ellipsoid, 6378137, 1 / 298.257223563);
	if (!crs) {
		crs_of_zone(origin, zone, sizeof zone);
		crs = zone;
	}
	int err = understand_crs(projection, crs, detail);
	if (!err)
		err = open_transform(projection, detail);
	if (err)
		return err;
	if (to_plane_mm(projection, origin, &projection->origin_x_mm, &projection->origin_y_mm))
		return err_set(detail, ERR_FORMAT, "crs \"%s\": the origin %.7f,%.7f lies outside it", projection->crs,
			       origin.lat_e7 / 1e7, origin.lon_e7 / 1e7);
	return 0;
}

int projection_open(struct projection **ret_projection, const char *crs, struct geo_point origin,
		    struct err_detail *detail)
{
	struct projection *projection = calloc(1, sizeof *projection);
	if (!projection)
		return ERR_MEMORY;
	int err = open_all(projection, crs, origin, detail);
	if (err) {
		projection_close(projection);
		return err;
	}
	*ret_projection = projection;
	return 0;
}

void projection_close(struct projection *projection)
{
	if (!projection)
		return;
	proj_destroy(projection->transform);
	if (projection->context)
		proj_context_destroy(projection->context);
	free(projection);
}

const char *projection_crs(const struct projection *projection)
{
	return projection->crs;
}

int projection_forward(struct projection *projection, struct geo_point point, struct geo_xy *ret_xy)
{
	double x, y;
	int err = to_plane_mm(projection, point, &x, &y);
	if (err)
		return err;
	x = round(x - projection->origin_x_mm);
	y = round(y - projection->origin_y_mm);
	if (fabs(x) > FAR_MM || fabs(y) > FAR_MM)
		return ERR_RANGE;
	*ret_xy = (struct geo_xy){.x_mm = (int32_t)x, .y_mm = (int32_t)y};
	return 0;
}

uint32_t projection_geodesic_mm(struct projection *projection, struct geo_point a, struct geo_point b)
{
	double metres;
	geod_inverse(&projection->ellipsoid, a.lat_e7 / 1e7, a.lon_e7 / 1e7, b.lat_e7 / 1e7, b.lon_e7 / 1e7, &metres,
		     NULL, NULL);
	double mm = round(metres * 1000);
	return mm >= UINT32_MAX ? UINT32_MAX : (uint32_t)mm;
}
