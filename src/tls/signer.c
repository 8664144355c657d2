/*
 * The worker's side of swarmward-keys, and the checker's: who waits for which signature, what was
 * asked and of whom. remote_key.c asks from inside OpenSSL; sessions go on when an answer came.
 * Answers come in the order of the requests.
 */

#include "tls/signer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/async.h>

#include "base/log.h"
#include "base/memory.h"
#include "ipc/channel.h"
#include "ipc/messages.h"
#include "signer_private.h"

/* A request that was there when as many processes died is not put to one more. */
#define ASKED_MOST 5

struct signing {
    struct signing *next;     /* in its queue */
    struct signer_seat *seat; /* borrowed; NULL: nobody waits any more */
    struct sign_request request;
    unsigned asked; /* how often */
    bool answered;
    size_t signature_bytes; /* 0: refused */
    uint8_t signature[SIGN_SIGNATURE_BYTES];
};

struct signing_queue {
    struct signing *first;
    struct signing **last;
};

struct signer {
    /* owned */
    struct channel *channel; /* NULL: there is nobody to ask */
    struct io_task *flush;   /* at the end of a turn */
    struct buffer body;
    struct signing_queue waiting; /* to be asked */
    struct signing_queue asked;   /* in the order of the requests */
    /* borrowed */
    struct io *io;
    struct signer_seat *seat; /* whose turn it is */
    size_t asked_count;
    uint64_t next_id;
    struct board_worker *counters; /* borrowed; may be NULL */
};

static void push(struct signing_queue *queue, struct signing *signing)
{
    signing->next = NULL;
    *queue->last = signing;
    queue->last = &signing->next;
}

/* NULL: it is empty. */
static struct signing *pop(struct signing_queue *queue)
{
    struct signing *signing = queue->first;

    if (!signing)
        return NULL;
    queue->first = signing->next;
    if (!queue->first)
        queue->last = &queue->first;
    return signing;
}

/* The answer is there: whoever waits takes it out of its seat. */
static void settle(struct signing *signing)
{
    struct signer_seat *seat = signing->seat;

    signing->answered = true;
    if (seat)
        seat->on_signed(seat->owner);
    else
        free(signing);
}

static void refuse(struct signer *signer, struct signing *signing)
{
    if (signer->counters)
        board_add(&signer->counters->signatures_refused, 1);
    settle(signing);
}

/* --- asking ----------------------------------------------------------------------------------- */

static void send_batch(struct signer *signer)
{
    struct signing *signing;

    buffer_clear(&signer->body);
    for (int i = 0; i < SIGN_BATCH && signer->asked_count < SIGN_WINDOW && signer->waiting.first;) {
        signing = pop(&signer->waiting);
        if (!signing->seat) {
            free(signing);
            continue;
        }
        push(&signer->asked, signing);
        signer->asked_count++;
        if (signing->asked++ && signer->counters)
            board_add(&signer->counters->signatures_again, 1);
        sign_request_put(&signer->body, &signing->request);
        i++;
    }
    if (buffer_len(&signer->body))
        channel_send(signer->channel, MESSAGE_SIGN, buffer_text(&signer->body), NULL, 0);
}

static void on_flush(void *owner)
{
    struct signer *signer = owner;

    while (signer->channel && signer->waiting.first && signer->asked_count < SIGN_WINDOW)
        send_batch(signer);
}

/* Behind all that is active in this turn, which may have more to ask. */
static void flush_later(struct signer *signer)
{
    if (signer->channel)
        io_task_run_later(signer->flush);
}

static void ask(struct signer *signer, struct sign_request *request)
{
    struct signing *signing = memory_new(sizeof(*signing));

    request->id = ++signer->next_id;
    signing->request = *request;
    signing->seat = signer->seat;
    signing->seat->signing = signing;
    if (signer->counters)
        board_add(&signer->counters->signatures, 1);
    push(&signer->waiting, signing);
    flush_later(signer);
}

size_t signer_sign(struct signer *signer, struct sign_request *request, uint8_t *signature_out,
                   size_t bytes)
{
    struct signer_seat *seat = signer->seat;
    struct signing *signing;
    size_t got;

    if (!seat || seat->signing || !ASYNC_get_current_job())
        return 0; /* whoever calls could not be told when it may go on */
    ask(signer, request);
    while (!seat->signing->answered)
        if (ASYNC_pause_job() != 1)
            abort(); /* it is out of memory, or not a job: neither can be left */
    signing = seat->signing;
    seat->signing = NULL;
    got = signing->signature_bytes <= bytes ? signing->signature_bytes : 0;
    memcpy(signature_out, signing->signature, got);
    free(signing);
    return got;
}

void signer_sit(struct signer *signer, struct signer_seat *seat)
{
    signer->seat = seat;
}

bool signer_waits(const struct signer_seat *seat)
{
    return seat->signing && !seat->signing->answered;
}

void signer_give_up(struct signer_seat *seat)
{
    if (!signer_waits(seat))
        return;
    seat->signing->seat = NULL; /* it stays in its queue, and its answer comes to nobody */
    seat->signing = memory_new(sizeof(*seat->signing));
    seat->signing->answered = true;
}

/* --- answers ---------------------------------------------------------------------------------- */

/* Of the first that was asked; -1: it is not that one's. */
static int take_answer(struct signer *signer, const struct sign_answer *answer)
{
    struct signing *signing = signer->asked.first;

    if (!signing || signing->request.id != answer->id)
        return -1;
    pop(&signer->asked);
    signer->asked_count--;
    signing->signature_bytes = answer->signature.len;
    if (!answer->signature.len) {
        refuse(signer, signing);
        return 0;
    }
    memcpy(signing->signature, answer->signature.at, answer->signature.len);
    settle(signing);
    return 0;
}

static void drop_channel(struct signer *signer)
{
    channel_free(signer->channel);
    signer->channel = NULL;
}

static void on_message(void *owner, struct channel_message *message)
{
    struct signer *signer = owner;
    struct text body = message->body;
    struct sign_answer answer;
    int status =
        message_allowed(ROLE_KEYS, ROLE_WORKER, message->type) ? 0 : -1; /* both the same */

    while (status == 0 && body.len)
        status = sign_answer_get(&body, &answer) < 0 ? -1 : take_answer(signer, &answer);
    if (status < 0) {
        log_error("event=bad_answer reason=\"swarmward-keys sent what was not asked for\"");
        drop_channel(signer);
    } else if (signer->waiting.first) {
        flush_later(signer); /* there is room again */
    }
}

static void on_closed(void *owner, const char *why)
{
    struct signer *signer = owner;

    log_debug("event=signer_closed reason=\"%s\"", why);
    drop_channel(signer);
}

static const struct channel_handler handler = { on_message, on_closed };

/* --- life ------------------------------------------------------------------------------------- */

struct signer *signer_new(struct io *io, struct board_worker *counters)
{
    struct signer *signer = memory_new(sizeof(*signer));

    signer->io = io;
    signer->counters = counters;
    signer->flush = io_task_new(io, on_flush, signer);
    signer->waiting.last = &signer->waiting.first;
    signer->asked.last = &signer->asked.first;
    return signer;
}

static void drop_all(struct signing_queue *queue)
{
    struct signing *signing;

    while ((signing = pop(queue))) {
        assert(!signing->seat);
        free(signing);
    }
}

void signer_free(struct signer *signer)
{
    if (!signer)
        return;
    drop_all(&signer->waiting);
    drop_all(&signer->asked);
    drop_channel(signer);
    io_task_free(signer->flush);
    buffer_done(&signer->body);
    free(signer);
}

/* What is owed goes back in front of what waits; what nobody waits for is forgotten. */
static void take_back(struct signer *signer)
{
    struct signing_queue again = { .last = &again.first };
    struct signing *signing;

    while ((signing = pop(&signer->asked))) {
        if (!signing->seat)
            free(signing);
        else if (signing->asked >= ASKED_MOST)
            refuse(signer, signing);
        else
            push(&again, signing);
    }
    while ((signing = pop(&signer->waiting)))
        push(&again, signing);
    while ((signing = pop(&again)))
        push(&signer->waiting, signing);
    signer->asked_count = 0;
}

void signer_use(struct signer *signer, int fd)
{
    drop_channel(signer);
    take_back(signer);
    signer->channel = channel_new(signer->io, fd, &handler, signer);
    if (signer->waiting.first)
        flush_later(signer);
}
