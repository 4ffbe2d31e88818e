/* A plain desk by hand in C: what the idiomatic SimPy witness does, as fast as a careful person writes it.

   Platform channels and lines are held from the offer until the caller leaves, a call-taker for pick-up, talk
   and after-call work; callers have patience and dial again after being blocked or abandoning. Events are taken
   in the order of (time, rank, caller, attempt). Inputs are columns of Calls, outputs columns of the log. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

enum { TALK = 1, AFTER_CALL = 2, PATIENCE = 6, OFFER = 7 };
enum { UNFINISHED = 0, BLOCKED_PLATFORM = 3, BLOCKED_LINES = 4, ABANDONED = 6, ANSWERED = 7 };

typedef struct {
    double time_s;
    int64_t key;
} Timer;

typedef struct {
    Timer *timers;
    int64_t count, room;
} Heap;

static int64_t key_of(int64_t rank, int64_t caller, int64_t row) {
    return (rank + 1) << 59 | caller << 27 | row;
}

static inline int before(Timer a, Timer b) {
    return a.time_s < b.time_s || (a.time_s == b.time_s && a.key < b.key);
}

static inline void rise(Timer *timers, int64_t place, Timer timer) {
    while (place > 0) {
        int64_t parent = (place - 1) >> 1;
        if (before(timers[parent], timer)) break;
        timers[place] = timers[parent];
        place = parent;
    }
    timers[place] = timer;
}

static inline int push(Heap *heap, double time_s, int64_t key) {
    if (heap->count == heap->room) {
        Timer *more = realloc(heap->timers, 2 * heap->room * sizeof(Timer));
        if (!more) return 0;
        heap->timers = more;
        heap->room *= 2;
    }
    rise(heap->timers, heap->count++, (Timer){time_s, key});
    return 1;
}

static inline Timer pop(Heap *heap) {
    Timer *timers = heap->timers, first = timers[0];
    int64_t last = --heap->count, place = 0, child = 1;
    while (child < last) {
        if (child + 1 < last && before(timers[child + 1], timers[child])) child++;
        timers[place] = timers[child];
        place = child;
        child = 2 * child + 1;
    }
    if (last > 0) rise(timers, place, timers[last]);
    return first;
}

/* Returns the rows written, -1 when out of memory or rows. `order` holds the callers by (start, id); `events` is
   set to how many were taken. */
int64_t plain_desk(int64_t callers, const int64_t *order, const double *start_s, const double *pick_up_s,
                   const double *talk_s, const double *after_call_s, const int64_t *dial_start,
                   const int64_t *dial_second, const double *patience_s, const uint8_t *redials_blocked,
                   const uint8_t *redials_abandoned, const double *redial_delay_s, int64_t channels,
                   int64_t lines, int64_t call_takers, double end_s, int64_t room, int64_t *row_caller,
                   int64_t *row_dial, int64_t *row_outcome, double *offered_s, double *queued_s,
                   double *answered_s, double *left_s, double *talk_end_s, double *free_s, int64_t *events) {
    int64_t rows = 0, taken = 0, next = 0, in_use = 0, busy = 0;
    int64_t first_waiting = -1, last_waiting = -1;
    Heap heap = {malloc(256 * sizeof(Timer)), 0, 256};
    int64_t *dial = malloc(callers * sizeof(int64_t));
    /* by row: the queue as a linked list, and whether a call-taker has reached for the call */
    int64_t *ahead = malloc(room * sizeof(int64_t)), *behind = malloc(room * sizeof(int64_t));
    uint8_t *is_picked = malloc(room);
    int is_short = !heap.timers || !dial || !ahead || !behind || !is_picked;

    while (!is_short) {
        double now_s;
        int64_t rank, caller, row = 0;
        int starts = next < callers;
        if (starts && heap.count) {
            Timer first = {start_s[order[next]], key_of(OFFER, order[next], 0)};
            starts = before(first, heap.timers[0]);
        }
        if (starts) {
            caller = order[next];
            now_s = start_s[caller];
            if (now_s >= end_s) break;
            next++;
            rank = OFFER;
            dial[caller] = dial_start[caller];
        } else {
            if (!heap.count || heap.timers[0].time_s >= end_s) break;
            Timer timer = pop(&heap);
            now_s = timer.time_s;
            rank = (timer.key >> 59) - 1;
            caller = timer.key >> 27 & 0xffffffff;
            row = timer.key & 0x7ffffff;
        }
        taken++;

        switch (rank) {
        case OFFER: {
            int64_t d = dial[caller];
            if (d >= dial_second[caller]) break;
            if (rows == room) {
                is_short = 1;
                break;
            }
            row = rows++;
            row_caller[row] = caller;
            row_dial[row] = d;
            row_outcome[row] = UNFINISHED;
            offered_s[row] = now_s;
            queued_s[row] = answered_s[row] = left_s[row] = talk_end_s[row] = free_s[row] = NAN;
            if (in_use >= channels || in_use >= lines) {
                row_outcome[row] = in_use >= channels ? BLOCKED_PLATFORM : BLOCKED_LINES;
                if (redials_blocked[d]) {
                    dial[caller]++;
                    is_short |= !push(&heap, now_s + redial_delay_s[d], key_of(OFFER, caller, 0));
                }
                break;
            }
            in_use++;
            queued_s[row] = now_s;
            is_picked[row] = busy < call_takers;
            if (is_picked[row]) {
                busy++;
                is_short |= !push(&heap, now_s + pick_up_s[caller], key_of(TALK, caller, row));
                break;
            }
            /* at the end of the queue, but in order of id among those queued at this instant */
            int64_t other = last_waiting;
            while (other >= 0 && queued_s[other] == now_s && row_caller[other] > caller) other = ahead[other];
            ahead[row] = other;
            behind[row] = other < 0 ? first_waiting : behind[other];
            if (other < 0) first_waiting = row;
            else behind[other] = row;
            if (behind[row] < 0) last_waiting = row;
            else ahead[behind[row]] = row;
            if (patience_s[d] < INFINITY)
                is_short |= !push(&heap, now_s + patience_s[d], key_of(PATIENCE, caller, row));
            break;
        }
        case TALK:
            if (isnan(answered_s[row])) {
                answered_s[row] = now_s;
                is_short |= !push(&heap, now_s + talk_s[caller], key_of(TALK, caller, row));
            } else {
                row_outcome[row] = ANSWERED;
                talk_end_s[row] = now_s;
                in_use--;
                is_short |= !push(&heap, now_s + after_call_s[caller], key_of(AFTER_CALL, caller, row));
            }
            break;
        case AFTER_CALL:
            free_s[row] = now_s;
            busy--;
            if (first_waiting >= 0) {
                int64_t picked = first_waiting, picked_caller = row_caller[picked];
                first_waiting = behind[picked];
                if (first_waiting < 0) last_waiting = -1;
                else ahead[first_waiting] = -1;
                is_picked[picked] = 1;
                busy++;
                double answers_s = now_s + pick_up_s[picked_caller];
                is_short |= !push(&heap, answers_s, key_of(TALK, picked_caller, picked));
            }
            break;
        case PATIENCE:
            if (is_picked[row]) break;
            if (ahead[row] < 0) first_waiting = behind[row];
            else behind[ahead[row]] = behind[row];
            if (behind[row] < 0) last_waiting = ahead[row];
            else ahead[behind[row]] = ahead[row];
            row_outcome[row] = ABANDONED;
            left_s[row] = now_s;
            in_use--;
            if (redials_abandoned[row_dial[row]]) {
                dial[caller]++;
                double dials_s = now_s + redial_delay_s[row_dial[row]];
                is_short |= !push(&heap, dials_s, key_of(OFFER, caller, 0));
            }
            break;
        }
    }
    free(heap.timers);
    free(dial);
    free(ahead);
    free(behind);
    free(is_picked);
    *events = taken;
    return is_short ? -1 : rows;
}
