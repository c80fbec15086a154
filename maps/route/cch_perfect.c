/* Perfect customisation, from the roots down: with the shortest ways between all neighbours of a vertex at hand, an
 * upward arc that is longer than a way over a third vertex is needed by no query. The arcs that stay are copied close
 * together. */
#include "cch.h"

#include <string.h>

/* The shortest ways between the block's neighbours above, from the front of its parent. */
static void front_inherit(const struct cch *cch, uint32_t b, cch_label *front, uint32_t n, const cch_label *parent)
{
	const struct cch_block *block = &cch->block[b];
	uint32_t n_out = cch_n_vertices(cch, b);
	for (uint32_t i = 0; i < n; i++)
		front[(size_t)i * n + i] = CCH_INFINITE;
	if (block->parent == NONE)
		return;
	uint32_t n_parent = cch_front_size(cch, block->parent);
	const uint16_t *place = cch->up_rest + cch->vertex[cch->block[b + 1].first - 1].first;
	for (uint32_t i = 0; i < block->n_rest; i++) {
		cch_label *row = front + (size_t)(n_out + i) * n + n_out;
		const cch_label *from = parent + (size_t)place[i] * n_parent;
		for (uint32_t j = 0; j < block->n_rest; j++)
			row[j] = from[place[j]];
	}
}

static void mark_kept(struct route_weights *weights, uint32_t b, const cch_label *front, uint32_t n)
{
	const struct cch *cch = weights->cch;
	for (uint32_t i = 0; i < cch_n_vertices(cch, b); i++) {
		uint32_t up = cch->vertex[cch->block[b].first + i].first;
		for (uint32_t j = i + 1; j < n; j++, up++) {
			int is_up = weights->up[up] < CCH_INFINITE && front[(size_t)i * n + j] == weights->up[up];
			int is_down = weights->down[up] < CCH_INFINITE && front[(size_t)j * n + i] == weights->down[up];
			weights->is_kept[up] = (uint8_t)(is_up | is_down << 1);
		}
	}
}

void cch_perfect_block(struct route_weights *weights, uint32_t b, cch_label *front, const cch_label *parent)
{
	const struct cch *cch = weights->cch;
	uint32_t n = cch_front_size(cch, b);
	front_inherit(cch, b, front, n, parent);
	for (uint32_t i = cch_n_vertices(cch, b); i-- > 0;) {
		uint32_t up = cch->vertex[cch->block[b].first + i].first;
		cch->kernels->perfect(front, n, i, weights->up + up, weights->down + up);
	}
	mark_kept(weights, b, front, n);
}

void cch_keep(struct route_weights *weights, int bit)
{
	const struct cch *cch = weights->cch;
	const struct cch_kept *kept = &weights->kept[bit];
	const cch_label *from = bit ? weights->down : weights->up;
	uint32_t n = 0;
	for (uint32_t x = 0; x < cch->n; x++) {
		kept->first[x] = n;
		for (uint32_t e = cch->vertex[x].first; e < cch->vertex[x + 1].first; e++) {
			kept->depth[n] = cch->up_depth[e];
			kept->weight[n] = from[e];
			n += (uint32_t)(weights->is_kept[e] >> bit) & 1u;
		}
	}
	kept->first[cch->n] = n;
}

void cch_use_kept(struct route_weights *weights)
{
	const struct cch_kept *kept = weights->kept;
	weights->forward = (struct cch_side){kept[0].first, kept[0].depth, kept[0].weight};
	weights->backward = (struct cch_side){kept[1].first, kept[1].depth, kept[1].weight};
}

void cch_perfect(struct route_weights *weights)
{
	const struct cch *cch = weights->cch;
	for (uint32_t b = cch->n_blocks; b-- > 0;) {
		uint32_t parent = cch->block[b].parent;
		cch_perfect_block(weights, b, weights->stack + cch->block[b].path_at,
				  parent == NONE ? NULL : weights->stack + cch->block[parent].path_at);
	}
	cch_keep(weights, 0);
	cch_keep(weights, 1);
	cch_use_kept(weights);
}
