// link: zub_link zub_vehicle_link zub_codec zub_keys PkgConfig::libevent_core PkgConfig::libzmq
/* The vehicle link on real sockets of 127.0.0.1: who gets in, who speaks for whom, and what happens when either end
 * goes away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "codec.h"
#include "link.h"
#include "link_client.h"
#include "state_file.h"

#define PATIENCE_MS 20000

struct stage {
	char folder[64], server[128], key[4][128], public_key[4][KEYS_TEXT];
	struct event_base *base;
	struct link *link;
	uint32_t n_heard, last_vehicle, last_sequence, n_of[4];
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void heard(void *self, uint32_t vehicle, const struct wire_message *message)
{
	struct stage *stage = self;

	stage->n_heard++;
	stage->last_vehicle = vehicle;
	stage->n_of[vehicle % 4]++;
	if (message->kind == WIRE_KIND_EVENT)
		stage->last_sequence = message->event.sequence;
}

static void link_start(struct stage *stage, const char *endpoint)
{
	struct err_detail detail;

	if (link_open(&stage->link, stage->base, endpoint, stage->server, heard, stage, &detail))
		fail_msg("%s", detail.text);
}

static void admit(struct stage *stage, uint32_t n)
{
	struct link_key keys[3];

	for (uint32_t i = 0; i < n; i++) {
		keys[i].vehicle = i + 1;
		memcpy(keys[i].public_key, stage->public_key[i + 1], KEYS_TEXT);
	}
	assert_int_equal(link_admit(stage->link, keys, n, NULL), 0);
}

static void stage_open(struct stage *stage)
{
	char secret[KEYS_TEXT];

	memset(stage, 0, sizeof *stage);
	snprintf(stage->folder, sizeof stage->folder, "/tmp/zub_link_XXXXXX");
	assert_non_null(mkdtemp(stage->folder));
	snprintf(stage->server, sizeof stage->server, "%s/server.key", stage->folder);
	for (int i = 1; i < 4; i++) {
		snprintf(stage->key[i], sizeof stage->key[i], "%s/%d.key", stage->folder, i);
		assert_int_equal(link_keys(stage->key[i], stage->public_key[i], secret, NULL), 0);
	}
	stage->base = event_base_new();
	link_start(stage, "tcp://127.0.0.1:0");
	admit(stage, 2);
}

static void stage_close(struct stage *stage)
{
	char command[128];

	link_close(stage->link);
	event_base_free(stage->base);
	snprintf(command, sizeof command, "rm -rf %s", stage->folder);
	assert_int_equal(system(command), 0);
}

static struct link_client *client_of(struct stage *stage, int key, int64_t silence_ms)
{
	static char server[160], endpoint[128];
	struct link_client *made = NULL;
	struct err_detail detail;

	snprintf(server, sizeof server, "%s.pub", stage->server);
	snprintf(endpoint, sizeof endpoint, "%s", link_endpoint(stage->link));
	struct link_client_options options = {
		.endpoint = endpoint, .server_key_path = server, .key_path = stage->key[key], .silence_ms = silence_ms};
	if (link_client_open(&made, &options, &detail))
		fail_msg("%s", detail.text);
	return made;
}

static struct link_client *client(struct stage *stage, int key)
{
	return client_of(stage, key, 300);
}

static struct wire_message event(uint32_t sequence)
{
	struct wire_message message = {.kind = WIRE_KIND_EVENT};

	message.event = (struct wire_event){.boot = 1, .sequence = sequence, .at = 1, .kind = WIRE_PARKED};
	return message;
}

static void turn(struct stage *stage, struct link_client *one)
{
	if (stage->link)
		event_base_loop(stage->base, EVLOOP_NONBLOCK);
	if (one)
		link_client_wait(one, NULL, 0, 5, now_ms());
	else
		usleep(2000);
}

/* The vehicle speaks until it is heard. */
static void speak_until_heard(struct stage *stage, struct link_client *one)
{
	uint32_t before = stage->n_heard;
	int64_t end = now_ms() + PATIENCE_MS;
	struct wire_message message = event(1);

	while (stage->n_heard == before && now_ms() < end) {
		link_client_send(one, &message);
		for (int i = 0; i < 10 && stage->n_heard == before; i++)
			turn(stage, one);
	}
	assert_true(stage->n_heard > before);
	for (int i = 0; i < 20; i++)
		turn(stage, one); /* what is still under way */
}

/* As an agent does, the vehicle speaks while it hears nothing: its connection may have been made anew. */
static int hears(struct stage *stage, struct link_client *one, uint32_t vehicle, int64_t patience_ms)
{
	int64_t end = now_ms() + patience_ms;
	struct wire_message message = {.kind = WIRE_KIND_ACK}, hello = event(1), got;

	message.ack = (struct wire_ack){7, 9};
	while (now_ms() < end) {
		link_send(stage->link, vehicle, &message);
		link_client_send(one, &hello);
		for (int i = 0; i < 5; i++) {
			turn(stage, one);
			if (link_client_receive(one, &got))
				return got.kind == WIRE_KIND_ACK && got.ack.boot == 7;
		}
	}
	return 0;
}

static void test_both_ways(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage);
	struct wire_message message = event(1);
	assert_int_equal(link_send(stage.link, 1, &message), ERR_UNAVAILABLE); /* not connected */
	assert_int_equal(link_send(stage.link, 99, &message), ERR_UNAVAILABLE);
	struct link_client *one = client(&stage, 1);
	speak_until_heard(&stage, one);
	assert_int_equal(stage.last_vehicle, 1);
	assert_true(hears(&stage, one, 1, PATIENCE_MS));
	link_client_close(one);
	stage_close(&stage);
}

static void test_unknown_key_is_refused_until_enrolled(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage);
	struct link_client *stranger = client(&stage, 3);
	struct wire_message message = event(1);
	for (int64_t end = now_ms() + 1500; now_ms() < end; turn(&stage, stranger))
		link_client_send(stranger, &message);
	assert_int_equal(stage.n_heard, 0);
	assert_true(link_counts(stage.link).refused_keys > 0);
	admit(&stage, 3);
	speak_until_heard(&stage, stranger);
	assert_int_equal(stage.last_vehicle, 3);
	admit(&stage, 2); /* and out again: the open connection is silent at once */
	uint32_t before = stage.n_heard;
	for (int i = 0; i < 100; i++) {
		link_client_send(stranger, &message);
		turn(&stage, stranger);
	}
	assert_int_equal(stage.n_heard, before);
	assert_int_equal(link_send(stage.link, 3, &message), ERR_UNAVAILABLE);
	link_client_close(stranger);
	stage_close(&stage);
}

/* A raw socket that may say anything, with the key of vehicle `key` (0 = without any). */
static void *raw_socket(struct stage *stage, void *context, int key, const char *routing_id)
{
	void *socket = zmq_socket(context, ZMQ_DEALER);
	char server_public[KEYS_TEXT], path[160], public_key[KEYS_TEXT], secret_key[KEYS_TEXT];

	zmq_setsockopt(socket, ZMQ_LINGER, &(int){0}, sizeof(int));
	snprintf(path, sizeof path, "%s.pub", stage->server);
	assert_int_equal(keys_read_public(path, server_public, NULL), 0);
	if (key) {
		assert_int_equal(link_keys(stage->key[key], public_key, secret_key, NULL), 0);
		zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server_public, KEYS_TEXT);
		zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public_key, KEYS_TEXT);
		zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret_key, KEYS_TEXT);
	}
	if (routing_id)
		zmq_setsockopt(socket, ZMQ_ROUTING_ID, routing_id, strlen(routing_id));
	assert_int_equal(zmq_connect(socket, link_endpoint(stage->link)), 0);
	return socket;
}

static void test_nobody_speaks_for_another(void **state)
{
	struct stage stage;
	struct wire_message message = event(1);
	uint8_t bytes[512];
	size_t n;

	(void)state;
	stage_open(&stage);
	assert_int_equal(codec_encode(&message, bytes, sizeof bytes, &n), 0);
	struct link_client *one = client(&stage, 1);
	speak_until_heard(&stage, one);
	void *context = zmq_ctx_new();
	void *plain = raw_socket(&stage, context, 0, "1"), *two = raw_socket(&stage, context, 2, "1");
	memset(stage.n_of, 0, sizeof stage.n_of);
	for (int i = 0; i < 300; i++) {
		zmq_send(plain, bytes, n, ZMQ_DONTWAIT);
		zmq_send(two, bytes, n, ZMQ_DONTWAIT);
		turn(&stage, NULL);
	}
	assert_int_equal(stage.n_of[1],
			 0); /* whatever vehicle 2 calls itself, it is vehicle 2; who has no key is nobody */
	assert_true(stage.n_of[2] > 0);
	assert_true(hears(&stage, one, 1, PATIENCE_MS)); /* and vehicle 1 still gets its own */
	zmq_close(plain);
	zmq_close(two);
	zmq_ctx_term(context);
	link_client_close(one);
	stage_close(&stage);
}

static void test_garbage_is_counted_and_dropped(void **state)
{
	struct stage stage;
	static uint8_t big[CODEC_BYTES_MAX * 2];

	(void)state;
	stage_open(&stage);
	void *context = zmq_ctx_new(), *one = raw_socket(&stage, context, 1, NULL);
	for (int i = 0; i < 100; i++) {
		zmq_send(one, "hello?", 6, ZMQ_DONTWAIT);
		zmq_send(one, "", 0, ZMQ_DONTWAIT);
		zmq_send(one, "a", 1, ZMQ_DONTWAIT | ZMQ_SNDMORE);
		zmq_send(one, "b", 1, ZMQ_DONTWAIT | ZMQ_SNDMORE);
		zmq_send(one, "c", 1, ZMQ_DONTWAIT);
		turn(&stage, NULL);
	}
	assert_int_equal(stage.n_heard, 0);
	assert_true(link_counts(stage.link).malformed > 50);
	zmq_send(one, big, sizeof big, ZMQ_DONTWAIT); /* ends this connection */
	for (int i = 0; i < 50; i++)
		turn(&stage, NULL);
	struct link_client *good = client(&stage, 1);
	speak_until_heard(&stage, good);
	link_client_close(good);
	zmq_close(one);
	zmq_ctx_term(context);
	stage_close(&stage);
}

static void test_newest_connection_wins(void **state)
{
	struct stage stage;
	struct wire_message message = event(1);

	(void)state;
	stage_open(&stage);
	struct link_client *old = client_of(&stage, 1, 3600000), *young; /* neither starts over by itself */
	speak_until_heard(&stage, old);
	young = client_of(&stage, 1, 3600000);
	speak_until_heard(&stage, young);
	uint32_t before = stage.n_heard;
	for (int i = 0; i < 20; i++) {
		link_client_send(old, &message);
		turn(&stage, NULL);
	}
	assert_int_equal(stage.n_heard, before);
	assert_true(link_counts(stage.link).dropped > 0);
	assert_true(hears(&stage, young, 1, PATIENCE_MS));
	link_client_close(young);
	link_client_close(old);
	stage_close(&stage);
}

static void test_restart_of_either_side(void **state)
{
	struct stage stage;
	char endpoint[256];

	(void)state;
	stage_open(&stage);
	snprintf(endpoint, sizeof endpoint, "%s", link_endpoint(stage.link));
	struct link_client *one = client(&stage, 1);
	speak_until_heard(&stage, one);
	for (int i = 0; i < 3; i++) { /* the dispatcher */
		link_close(stage.link);
		stage.link = NULL;
		for (int k = 0; k < 50; k++)
			turn(&stage, one);
		link_start(&stage, endpoint);
		admit(&stage, 2);
		speak_until_heard(&stage, one);
		assert_true(hears(&stage, one, 1, PATIENCE_MS));
	}
	for (int i = 0; i < 3; i++) { /* the vehicle */
		link_client_close(one);
		one = client(&stage, 1);
		speak_until_heard(&stage, one);
		assert_true(hears(&stage, one, 1, PATIENCE_MS));
	}
	link_client_close(one);
	stage_close(&stage);
}

/* ZeroMQ's descriptor signals changes only: everything must arrive although we answer in between. */
static void test_nothing_is_left_in_the_socket(void **state)
{
	struct stage stage;
	struct wire_message message, got;
	uint32_t n_sent = 0, n_got = 0;

	(void)state;
	stage_open(&stage);
	struct link_client *one = client(&stage, 1);
	speak_until_heard(&stage, one);
	stage.n_heard = 0;
	int64_t end = now_ms() + PATIENCE_MS;
	while ((stage.n_heard < 3000 || n_got < 3000) && now_ms() < end) {
		for (int i = 0; i < 20 && n_sent < 3000; i++) {
			message = event(n_sent + 1);
			n_sent += link_client_send(one, &message) == 0;
		}
		for (int i = 0; i < 20 && n_got < 3000; i++) {
			message = (struct wire_message){.kind = WIRE_KIND_ACK};
			link_send(stage.link, 1, &message);
		}
		/* no wait anywhere: what libevent does not tell would never come */
		event_base_loop(stage.base, EVLOOP_NONBLOCK);
		while (link_client_receive(one, &got))
			n_got++;
	}
	assert_int_equal(stage.n_heard, 3000);
	assert_int_equal(stage.last_sequence, 3000);
	assert_true(n_got >= 3000);
	link_client_close(one);
	stage_close(&stage);
}

static void test_admit_refuses_doubles(void **state)
{
	struct stage stage;
	struct link_key keys[2] = {{.vehicle = 1}, {.vehicle = 2}};

	(void)state;
	stage_open(&stage);
	memcpy(keys[0].public_key, stage.public_key[1], KEYS_TEXT);
	memcpy(keys[1].public_key, stage.public_key[1], KEYS_TEXT);
	assert_int_equal(link_admit(stage.link, keys, 2, NULL), ERR_EXISTS);
	memcpy(keys[1].public_key, stage.public_key[2], KEYS_TEXT);
	keys[1].vehicle = 1;
	assert_int_equal(link_admit(stage.link, keys, 2, NULL), ERR_EXISTS);
	keys[1].vehicle = 2;
	keys[1].public_key[3] = '"';
	assert_int_equal(link_admit(stage.link, keys, 2, NULL), ERR_FORMAT);
	assert_int_equal(link_admit(stage.link, NULL, 0, NULL), 0);
	stage_close(&stage);
}

/* ---- files ---- */
static void write_file(const char *path, const char *content, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(content, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static void test_key_files(void **state)
{
	struct stage stage;
	char public_key[KEYS_TEXT], secret_key[KEYS_TEXT], again[KEYS_TEXT], path[160];
	struct stat status;
	struct err_detail detail;

	(void)state;
	stage_open(&stage);
	assert_int_equal(link_keys(stage.key[1], public_key, secret_key, NULL), 0);
	assert_string_equal(public_key, stage.public_key[1]);
	assert_int_equal(stat(stage.key[1], &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	snprintf(path, sizeof path, "%s.pub", stage.key[1]);
	assert_int_equal(keys_read_public(path, again, NULL), 0);
	assert_string_equal(again, public_key);
	assert_int_equal(unlink(path), 0); /* written again */
	assert_int_equal(link_keys(stage.key[1], public_key, secret_key, NULL), 0);
	assert_int_equal(keys_read_public(path, again, NULL), 0);
	assert_int_equal(chmod(stage.key[1], 0640), 0);
	assert_int_equal(link_keys(stage.key[1], public_key, secret_key, &detail), ERR_DENIED);
	write_file(stage.key[1], "zubringer curve key 1\npublic abc\nsecret def\n", 0600);
	assert_int_equal(link_keys(stage.key[1], public_key, secret_key, &detail), ERR_FORMAT);
	write_file(stage.key[1], "", 0600);
	assert_int_equal(link_keys(stage.key[1], public_key, secret_key, &detail), ERR_FORMAT);
	snprintf(path, sizeof path, "%s/none/key", stage.folder);
	assert_int_equal(link_keys(path, public_key, secret_key, &detail), ERR_IO);
	snprintf(path, sizeof path, "%s/none.pub", stage.folder);
	assert_int_equal(keys_read_public(path, again, &detail), ERR_NOT_FOUND);
	stage_close(&stage);
}

static void test_state_file(void **state)
{
	struct stage stage;
	char path[128], bytes[64], content[64] = "where I am and whom I carry";
	struct err_detail detail;
	size_t n = 0;

	(void)state;
	stage_open(&stage);
	snprintf(path, sizeof path, "%s/state", stage.folder);
	assert_int_equal(state_file_read(path, bytes, sizeof bytes, &n, &detail), ERR_NOT_FOUND);
	assert_int_equal(state_file_write(path, content, sizeof content, &detail), 0);
	assert_int_equal(state_file_read(path, bytes, sizeof bytes, &n, &detail), 0);
	assert_int_equal(n, sizeof content);
	assert_memory_equal(bytes, content, n);
	assert_int_equal(state_file_read(path, bytes, 10, &n, &detail), ERR_FULL);
	assert_int_equal(truncate(path, 80), 0);
	assert_int_equal(state_file_read(path, bytes, sizeof bytes, &n, &detail), ERR_TRUNCATED);
	assert_int_equal(truncate(path, 96), 0); /* zeros where the end was */
	content[63] = 'x';
	assert_int_equal(state_file_write(path, content, sizeof content, &detail), 0);
	assert_int_equal(truncate(path, 95), 0);
	assert_int_equal(truncate(path, 96), 0);
	assert_int_equal(state_file_read(path, bytes, sizeof bytes, &n, &detail), ERR_CHECKSUM);
	write_file(path, "this is something else entirely, and long enough for a head", 0600);
	assert_int_equal(state_file_read(path, bytes, sizeof bytes, &n, &detail), ERR_FORMAT);
	snprintf(path, sizeof path, "%s/none/state", stage.folder);
	assert_int_not_equal(state_file_write(path, content, sizeof content, &detail), 0);
	snprintf(path, sizeof path, "%s/lock", stage.folder);
	assert_int_equal(state_file_lock(path, &detail), 0);
	assert_int_equal(state_file_lock(path, &detail), ERR_BUSY);
	stage_close(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_unknown_key_is_refused_until_enrolled),
		cmocka_unit_test(test_nobody_speaks_for_another),
		cmocka_unit_test(test_garbage_is_counted_and_dropped),
		cmocka_unit_test(test_newest_connection_wins),
		cmocka_unit_test(test_restart_of_either_side),
		cmocka_unit_test(test_nothing_is_left_in_the_socket),
		cmocka_unit_test(test_admit_refuses_doubles),
		cmocka_unit_test(test_key_files),
		cmocka_unit_test(test_state_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
