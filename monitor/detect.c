/* SPDX-License-Identifier: MIT */
#include "monitor/detect.h"

bool detect_same(const struct detect_say *a, const struct detect_say *b)
{
	return answer_state_is_usable(a->state) && a->state == b->state &&
		digest_equal(a->digest, b->digest);
}

enum detect_verdict detect_judge(const struct detect_say *says, size_t len,
	size_t suspect, enum confirmation by, unsigned *ret_usable, unsigned *ret_same)
{
	unsigned usable = 0;
	unsigned same = 0;
	for (size_t i = 0; i < len; i++) {
		usable += answer_state_is_usable(says[i].state);
		same += detect_same(&says[i], &says[suspect]);
	}
	*ret_usable = usable;
	*ret_same = same;
	if (by == CONFIRMED_NOT)
		return DETECT_SUSPICION;
	return 2 * same > usable ? DETECT_VIEW : DETECT_SERVER;
}

size_t detect_plurality(const struct detect_say *says, size_t len)
{
	size_t best = len;
	unsigned most = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned same = 0;
		for (size_t j = 0; j < len; j++)
			same += detect_same(&says[i], &says[j]);
		if (same > most) {
			most = same;
			best = i;
		}
	}
	return best;
}
