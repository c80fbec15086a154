// link: zub_http zub_core zub_base PkgConfig::jansson
/* The first byte chooses the body; the rest is what a stranger sent. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http_json.h"

/* What comes out is a place on the earth. */
static void read_point(const uint8_t *bytes, size_t n)
{
	struct geo_point point = {0, 0};
	char *text = calloc(1, n + 1);
	if (!text)
		return;
	memcpy(text, bytes, n);
	if (http_json_read_point(text, &point) == 0 &&
	    (abs(point.lat_e7) > 900000000 || abs(point.lon_e7) > 1800000000))
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct json_error error;
	union {
		struct body_request request;
		struct body_accept accept;
		struct body_cancel cancel;
		struct body_board board;
		struct body_duty duty;
		struct body_order order;
		struct body_case case_;
		struct body_pause pause;
		struct body_approval approval;
		struct body_closure closure;
		struct body_notice notice;
	} body;
	if (n == 0)
		return 0;
	const uint8_t *text = data + 1;
	n--;
	switch (data[0] % 17) {
	case 0:
		http_json_accept(text, n, &body.accept, &error);
		break;
	case 1:
		http_json_cancel(text, n, &body.cancel, &error);
		break;
	case 2:
		http_json_board(text, n, &body.board, &error);
		break;
	case 3:
		http_json_sign_on(text, n, &body.duty, &error);
		break;
	case 4:
		http_json_sign_off(text, n, &body.duty, &error);
		break;
	case 5:
		http_json_order(text, n, &body.order, &error);
		break;
	case 6:
		http_json_standstill(text, n, &body.order, &error);
		break;
	case 7:
		http_json_release(text, n, &body.order, &error);
		break;
	case 8:
		http_json_case_own(text, n, &body.case_, &error);
		break;
	case 9:
		http_json_case_close(text, n, &body.case_, &error);
		break;
	case 10:
		http_json_pause(text, n, &body.pause, &error);
		break;
	case 11:
		http_json_approval(text, n, &body.approval, &error);
		break;
	case 12:
		http_json_notice(text, n, &body.notice, &error);
		break;
	case 13:
		http_json_empty(text, n, &error);
		break;
	case 14:
		if (http_json_closure(text, n, &body.closure, &error) == 0 && body.closure.n_points > HTTP_POINTS_MAX)
			abort();
		break;
	case 15:
		read_point(text, n);
		break;
	default:
		if (http_json_request(text, n, &body.request, &error) == 0 && body.request.n_needs > TOWN_NEEDS_MAX)
			abort();
	}
	return 0;
}
