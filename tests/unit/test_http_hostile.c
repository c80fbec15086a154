// link: zub_http zub_core zub_route zub_drawn_town PkgConfig::libevent_core PkgConfig::jansson
/* What browsers never send: garbage, half requests, too much of everything, readers that do not read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http_rig.h"
#include "rng.h"

static struct http_rig rig;

static int open_rig(void **state)
{
	(void)state;
	http_rig_open(&rig, &(struct drawn_options){.drawing = "A-----B-----C\n|     |     |\nD-----E-----F\n",
						    .metres_per_char = 50});
	assert_int_equal(rig_vehicle(&rig.rig, 1, 'A', 'B'), 0);
	return 0;
}

static int close_rig(void **state)
{
	(void)state;
	http_rig_close(&rig);
	return 0;
}

static void still_well(void)
{
	struct http_answer health = http_get(&rig, "/health");
	assert_int_equal(health.status, 200);
	http_forget(&health);
}

static void send_raw(const void *bytes, size_t n, char *answer, size_t size, int patience_ms)
{
	int fd = http_connect(&rig);
	http_write(&rig, fd, bytes, n);
	http_read(&rig, fd, answer, size, NULL, patience_ms);
	close(fd);
	http_rig_pump(&rig, 3);
}

static const char *const sample =
	"POST /api/v1/requests?x=1 HTTP/1.1\r\nHost: a\r\nIdempotency-Key: abcdefgh\r\nAccept-Language: de\r\n"
	"Content-Type: application/json\r\nContent-Length: 92\r\n\r\n"
	"{\"from\":{\"lat\":49.4,\"lon\":8.68},\"to\":{\"lat\":49.4,\"lon\":8.681},\"needs\":{\"seat\":1},\"time\":"
	"\"now\"}";

static void requests_that_end_anywhere(void **state)
{
	(void)state;
	char answer[8192];
	for (size_t n = 0; n < strlen(sample); n++)
		send_raw(sample, n, answer, sizeof answer, 0);
	still_well();
}

static void requests_with_wrong_bytes(void **state)
{
	(void)state;
	struct rng random;
	uint64_t seed = 20220607;
	print_message("seed %llu\n", (unsigned long long)seed);
	rng_seed(&random, seed);
	char answer[8192], bytes[1024];
	for (int i = 0; i < 1500; i++) {
		size_t n = strlen(sample);
		memcpy(bytes, sample, n);
		uint32_t changes = 1 + rng_below(&random, 8);
		for (uint32_t k = 0; k < changes; k++)
			bytes[rng_below(&random, (uint32_t)n)] = (char)rng_below(&random, 256);
		send_raw(bytes, n, answer, sizeof answer, 1);
	}
	for (int i = 0; i < 300; i++) {
		for (size_t k = 0; k < sizeof bytes; k++)
			bytes[k] = (char)rng_below(&random, 256);
		send_raw(bytes, rng_below(&random, sizeof bytes), answer, sizeof answer, 0);
	}
	still_well();
}

static void too_much_of_everything(void **state)
{
	(void)state;
	size_t size = 1 << 20;
	char *text = malloc(size), *answer = malloc(size);
	int n = snprintf(text, size, "GET /%0*d HTTP/1.1\r\nHost: a\r\n\r\n", 60000, 0);
	send_raw(text, (size_t)n, answer, size, 50);
	assert_null(strstr(answer, " 200 "));
	n = snprintf(text, size, "GET / HTTP/1.1\r\nHost: a\r\nX: %0*d\r\n\r\n", 60000, 0);
	send_raw(text, (size_t)n, answer, size, 50);
	assert_null(strstr(answer, " 200 "));
	n = snprintf(text, size,
		     "POST /api/v1/requests HTTP/1.1\r\nHost: a\r\nIdempotency-Key: abcdefgh\r\nContent-Length: "
		     "400000\r\n\r\n%0*d",
		     400000, 0);
	send_raw(text, (size_t)n, answer, size, 50);
	assert_null(strstr(answer, "HTTP/1.1 20"));
	n = snprintf(text, size,
		     "POST /api/v1/requests HTTP/1.1\r\nHost: a\r\nIdempotency-Key: abcdefgh\r\nContent-Length: "
		     "99999999999999999999\r\n\r\n{}");
	send_raw(text, (size_t)n, answer, size, 20);
	assert_null(strstr(answer, "HTTP/1.1 20"));
	free(text);
	free(answer);
	still_well();
}

static void brackets_without_end(void **state)
{
	(void)state;
	char *body = malloc(16000);
	memset(body, '[', 15999);
	body[15999] = 0;
	struct http_answer answer = http_post(&rig, "/api/v1/requests", body);
	assert_int_equal(answer.status, 400);
	http_forget(&answer);
	for (int i = 0; i < 15990; i += 5)
		memcpy(body + i, "{\"a\":", 5);
	answer = http_post(&rig, "/api/v1/requests", body);
	assert_int_equal(answer.status, 400);
	http_forget(&answer);
	free(body);
}

static void no_path_leads_outside(void **state)
{
	(void)state;
	static const char *const paths[] = {"/../operator.token",   "/%2e%2e/operator.token",
					    "/..%2foperator.token", "//etc/passwd",
					    "/./../operator.token", "/index.html/../../operator.token",
					    "/operator.token",	    "/.hidden",
					    "/web/index.html",	    "/tiles/1/1/1",
					    "/tiles/99/0/0.mvt",    "/tiles/1/5/0.mvt",
					    "/tiles/-1/0/0.mvt",    "/tiles/a/b/c.mvt",
					    "/api/v1/nothing",	    "/api/v1/rides//accept"};
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct http_answer answer = http_get(&rig, paths[i]);
		assert_int_equal(answer.status, 404);
		assert_null(strstr(answer.body, rig.token));
		http_forget(&answer);
	}
	struct http_answer page = http_get(&rig, "/");
	assert_int_equal(page.status, 200);
	assert_non_null(strstr(page.head, "Content-Security-Policy: default-src 'none'"));
	assert_null(strstr(page.head, "unsafe"));
	assert_null(strstr(page.head, "Set-Cookie"));
	http_forget(&page);
}

static void wrong_methods(void **state)
{
	(void)state;
	static const char *const methods[] = {"DELETE", "PUT", "PATCH", "OPTIONS", "POST"};
	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		struct http_answer answer = http_ask(&rig, methods[i], "/api/v1/town", NULL, NULL);
		assert_int_equal(answer.status, 405);
		assert_non_null(strstr(answer.head, "Allow: GET"));
		http_forget(&answer);
	}
	struct http_answer head = http_ask(&rig, "HEAD", "/api/v1/town", NULL, NULL);
	assert_int_equal(head.status, 200);
	assert_int_equal(head.body_n, 0);
	http_forget(&head);
}

/* More connections than there are places: nobody is cut off, newcomers wait until places are free. */
static void connections_have_a_limit(void **state)
{
	(void)state;
	int fds[71];
	char answer[4096];
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		fds[i] = http_connect(&rig);
		http_rig_pump(&rig, 2);
	}
	int last = fds[COUNT_OF(fds) - 1];
	static const char ask[] = "GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
	http_write(&rig, last, ask, strlen(ask));
	assert_int_equal(http_read(&rig, last, answer, sizeof answer, NULL, 30), 0);
	for (size_t i = 0; i + 1 < COUNT_OF(fds); i++)
		close(fds[i]);
	for (int i = 0; i < 5; i++) {
		http_rig_pump(&rig, 20);
		http_tick(rig.http);
	}
	assert_true(http_read(&rig, last, answer, sizeof answer, NULL, 200) > 0);
	assert_non_null(strstr(answer, " 200 "));
	close(last);
	http_rig_pump(&rig, 5);
	still_well();
}

/* A reader that does not read is dropped; the others are not. */
static void slow_readers_are_dropped(void **state)
{
	(void)state;
	static const char ask[] = "GET /api/v1/fleet/stream HTTP/1.1\r\nHost: a\r\n\r\n";
	char answer[8192];
	for (uint32_t number = 2; number <= RIG_VEHICLES_MAX; number++)
		assert_int_equal(rig_vehicle(&rig.rig, number, 'A', 'B'), 0);
	int slow = http_connect(&rig), quick = http_connect(&rig), small = 2048;
	setsockopt(slow, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	http_write(&rig, slow, ask, strlen(ask));
	http_write(&rig, quick, ask, strlen(ask));
	int dropped = 0;
	for (int i = 0; i < 40000 && !dropped; i++) {
		http_tick(rig.http);
		http_rig_pump(&rig, 1);
		while (recv(quick, answer, sizeof answer, 0) > 0)
			continue;
		if (i % 200)
			continue;
		struct http_answer metrics = http_get(&rig, "/metrics");
		dropped = strstr(metrics.body, "zubringer_http_streams_dropped_total 1\n") != NULL;
		http_forget(&metrics);
	}
	assert_true(dropped);
	struct http_answer metrics = http_get(&rig, "/metrics");
	assert_non_null(strstr(metrics.body, "zubringer_http_streams 1\n"));
	http_forget(&metrics);
	close(slow);
	close(quick);
	http_rig_pump(&rig, 5);
	metrics = http_get(&rig, "/metrics");
	assert_non_null(strstr(metrics.body, "zubringer_http_streams 0\n"));
	http_forget(&metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(requests_that_end_anywhere, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(requests_with_wrong_bytes, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(too_much_of_everything, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(brackets_without_end, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(no_path_leads_outside, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(wrong_methods, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(connections_have_a_limit, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(slow_readers_are_dropped, open_rig, close_rig),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
