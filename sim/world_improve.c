/* The search beside the loop: at set instants it is given the plans as they are, and what it finds is proposed a fixed
 * time later, whatever the machine needed for it. */
#include <stdlib.h>

#include "world_inner.h"

#define IMPROVE_DELAY_MS 1000

struct proposal {
	struct command command;
	int64_t saved;
	uint32_t n_moved;
};

int world_improve_open(struct world *world)
{
	if (!world->options.improve_ms || !world->options.improve_iterations)
		return ERR_OK;
	int code =
		arena_open(&world->plans_arena, plans_size() + sizeof *world->problem + sizeof *world->answer + 4096);
	if (!code)
		code = plans_open(&world->plans, &world->plans_arena);
	if (code)
		return code;
	world->problem = arena_take(&world->plans_arena, 1, sizeof *world->problem);
	world->answer = arena_take(&world->plans_arena, 1, sizeof *world->answer);
	return world->problem && world->answer ? ERR_OK : ERR_MEMORY;
}

void world_improve(struct world *world)
{
	const struct plans_options options = {.seed = world->counts.improve_rounds,
					      .iterations = world->options.improve_iterations,
					      .move_ms = PLANS_MOVE_MS};
	world_push(world, world->now + world->options.improve_ms, EVENT_IMPROVE, 0, NULL);
	if (!world->core || !problem_take(world->core, world->counts.improve_rounds, world->problem))
		return;
	world->counts.improve_rounds++;
	plans_improve(world->plans, world->problem, &options, world->answer);
	for (uint32_t i = 0; i < world->answer->n; i++) {
		struct proposal *proposal = calloc(1, sizeof *proposal);
		if (!proposal) {
			world_fail(world, ERR_MEMORY);
			return;
		}
		proposal->command.kind = CMD_IMPROVE;
		proposal->command.improve = world->answer->proposals[i].command;
		proposal->saved = world->answer->proposals[i].saved;
		proposal->n_moved = world->answer->proposals[i].n_moved;
		world_push(world, world->now + IMPROVE_DELAY_MS, EVENT_PROPOSAL, 0, proposal);
	}
}

void world_propose(struct world *world, const void *payload)
{
	struct proposal proposal = *(const struct proposal *)payload;
	world->counts.improve_proposals++;
	if (dispatcher_submit(world, &proposal.command))
		return;
	world->counts.improve_taken++;
	world->counts.improve_moved += proposal.n_moved;
	world->counts.improve_saved += proposal.saved;
}
