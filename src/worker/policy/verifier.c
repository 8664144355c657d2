/*
 * One thread a worker that calls crypt(3), started before the sandbox lets nobody start one. It
 * shares with the loop two lists under one lock, and touches nothing else: no exchange,
 * no arena, no heap.
 */

#include "verifier.h"

#include <crypt.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <event2/event.h>

#include "../exchange/exchange.h"
#include "base/memory.h"
#include "http/basic_credentials.h"
#include "net/io.h"

#define THREAD_NICE 5

TAILQ_HEAD(waiting_list, exchange);
TAILQ_HEAD(verification_list, verification);

enum verification_state {
    VERIFICATION_QUEUED,  /* the thread has not begun */
    VERIFICATION_RUNNING, /* the thread's until it is answered */
    VERIFICATION_TOLD,    /* the answer is being given to those who wait */
};

struct verification {
    TAILQ_ENTRY(verification) link; /* `queue` or `answered`, under the lock */
    /* the loop's */
    struct waiting_list waiting;
    struct verifier *verifier;
    struct password_key key;
    uint64_t client;
    enum verification_state state; /* under the lock */
    /* the thread's while it runs */
    bool known;
    bool right;
    char hash[PASSWORD_HASH_BYTES + 1];
    char password[BASIC_CREDENTIALS_BYTES + 1];
};

struct verifier {
    /* owned */
    struct verification *pending[VERIFIER_PENDING_MOST];
    size_t pending_count;
    struct password_cache cache;
    struct event *answers;
    int answers_fd; /* -1: there is no thread yet */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t asked;
    pthread_cond_t is_ready;
    struct verification_list queue;    /* under the lock */
    struct verification_list answered; /* under the lock */
    bool ready;                        /* under the lock */
    bool stop;                         /* under the lock */
    struct crypt_data scratch;         /* the thread's */
    struct worker *worker;             /* borrowed */
};

/* --- the thread ----------------------------------------------------------------------------------
 */

/* Equal, without saying by the time it takes where they differ. */
static bool same_hash(const char *made, const char *hash)
{
    size_t len = strlen(hash);
    unsigned char differs = 0;

    if (strlen(made) != len)
        return false;
    for (size_t i = 0; i < len; i++)
        differs |= (unsigned char)(made[i] ^ hash[i]);
    return differs == 0;
}

static void verify(struct verification *one, struct crypt_data *scratch)
{
    /* libxcrypt's own; crypt_r() would be libasan's in the sanitized build, which finds none */
    const char *made = crypt_rn(one->password, one->hash, scratch, sizeof(*scratch));

    one->right = made && same_hash(made, one->hash) && one->known;
    memory_wipe(one->password, sizeof(one->password));
    memory_wipe(scratch, sizeof(*scratch));
}

static void *run(void *owner)
{
    struct verifier *verifier = owner;
    uint64_t one_more = 1;

    /* Of this thread alone: traffic goes first. That it may not is no reason to stop. */
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), THREAD_NICE);
    pthread_mutex_lock(&verifier->lock);
    verifier->ready = true;
    pthread_cond_signal(&verifier->is_ready);
    while (!verifier->stop) {
        struct verification *one = TAILQ_FIRST(&verifier->queue);

        if (!one) {
            pthread_cond_wait(&verifier->asked, &verifier->lock);
            continue;
        }
        TAILQ_REMOVE(&verifier->queue, one, link);
        one->state = VERIFICATION_RUNNING;
        pthread_mutex_unlock(&verifier->lock);
        verify(one, &verifier->scratch);
        pthread_mutex_lock(&verifier->lock);
        TAILQ_INSERT_TAIL(&verifier->answered, one, link);
        while (write(verifier->answers_fd, &one_more, sizeof(one_more)) < 0 && errno == EINTR)
            ;
    }
    pthread_mutex_unlock(&verifier->lock);
    return NULL;
}

/* --- the loop ------------------------------------------------------------------------------------
 */

static void free_one(struct verification *one)
{
    struct verifier *verifier = one->verifier;

    for (size_t i = 0; i < verifier->pending_count; i++)
        if (verifier->pending[i] == one)
            verifier->pending[i] = verifier->pending[--verifier->pending_count];
    memory_wipe(one, sizeof(*one));
    free(one);
}

static struct verification *next_answered(struct verifier *verifier)
{
    struct verification *one;

    pthread_mutex_lock(&verifier->lock);
    one = TAILQ_FIRST(&verifier->answered);
    if (one) {
        TAILQ_REMOVE(&verifier->answered, one, link);
        one->state = VERIFICATION_TOLD;
    }
    pthread_mutex_unlock(&verifier->lock);
    return one;
}

static void tell(struct verification *one)
{
    struct verifier *verifier = one->verifier;
    struct exchange *exchange;

    if (one->right)
        password_cache_put(&verifier->cache, &one->key, io_now_ms(verifier->worker->io));
    while ((exchange = TAILQ_FIRST(&one->waiting))) {
        TAILQ_REMOVE(&one->waiting, exchange, queue_link);
        exchange->verification = NULL;
        basic_auth_verdict(exchange, one->right);
    }
    free_one(one);
}

static void on_answers(evutil_socket_t fd, short what, void *owner)
{
    struct verifier *verifier = owner;
    struct verification *one;
    uint64_t count;

    (void)what;
    if (read(fd, &count, sizeof(count)) < 0)
        return; /* nothing was said */
    io_enter(verifier->worker->io);
    while ((one = next_answered(verifier)))
        tell(one);
    io_leave(verifier->worker->io);
}

/* Signals are the loop's, but for those that say where a program went wrong. */
static void block_signals(sigset_t *before_out)
{
    static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP };
    sigset_t all;

    sigfillset(&all);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        sigdelset(&all, faults[i]);
    pthread_sigmask(SIG_SETMASK, &all, before_out);
}

static int start_thread(struct verifier *verifier)
{
    pthread_attr_t attributes;
    sigset_t before;
    int status;

    block_signals(&before);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, (size_t)512 * 1024);
    status = pthread_create(&verifier->thread, &attributes, run, verifier);
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

/* What the thread does at its beginning is not among the calls that it may make later. */
static void wait_until_ready(struct verifier *verifier)
{
    pthread_mutex_lock(&verifier->lock);
    while (!verifier->ready)
        pthread_cond_wait(&verifier->is_ready, &verifier->lock);
    pthread_mutex_unlock(&verifier->lock);
}

int verifier_start(void *owner, struct err *err)
{
    struct verifier *verifier = owner;
    int status;

    verifier->answers_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (verifier->answers_fd < 0)
        return err_set(err, "verifier: eventfd: %s", strerror(errno));
    status = start_thread(verifier);
    if (status) {
        close(verifier->answers_fd);
        verifier->answers_fd = -1;
        return err_set(err, "verifier: thread: %s", strerror(status));
    }
    wait_until_ready(verifier);
    verifier->answers = event_new(io_base(verifier->worker->io), verifier->answers_fd,
                                  EV_READ | EV_PERSIST, on_answers, verifier);
    event_add(verifier->answers, NULL);
    return 0;
}

struct verifier *verifier_new(struct worker *worker)
{
    struct verifier *verifier = memory_new(sizeof(*verifier));

    verifier->worker = worker;
    verifier->answers_fd = -1;
    pthread_mutex_init(&verifier->lock, NULL);
    pthread_cond_init(&verifier->asked, NULL);
    pthread_cond_init(&verifier->is_ready, NULL);
    TAILQ_INIT(&verifier->queue);
    TAILQ_INIT(&verifier->answered);
    return verifier;
}

void verifier_free(struct verifier *verifier)
{
    if (!verifier)
        return;
    if (verifier->answers_fd >= 0) {
        pthread_mutex_lock(&verifier->lock);
        verifier->stop = true;
        pthread_cond_signal(&verifier->asked);
        pthread_mutex_unlock(&verifier->lock);
        pthread_join(verifier->thread, NULL);
        event_free(verifier->answers);
        close(verifier->answers_fd);
    }
    while (verifier->pending_count)
        free_one(verifier->pending[0]);
    pthread_cond_destroy(&verifier->asked);
    pthread_cond_destroy(&verifier->is_ready);
    pthread_mutex_destroy(&verifier->lock);
    memory_wipe(verifier, sizeof(*verifier));
    free(verifier);
}

struct password_cache *verifier_cache(struct verifier *verifier)
{
    return &verifier->cache;
}

/* NULL: this question is not under way. `of_client_out`: how many of this client's are. */
static struct verification *find(const struct verifier *verifier,
                                 const struct password_question *question, size_t *of_client_out)
{
    struct verification *found = NULL;

    *of_client_out = 0;
    for (size_t i = 0; i < verifier->pending_count; i++) {
        struct verification *one = verifier->pending[i];

        if (password_key_equal(&one->key, &question->key) && one->known == question->known)
            found = one;
        *of_client_out += one->client == question->client;
    }
    return found;
}

static struct verification *queue(struct verifier *verifier,
                                  const struct password_question *question)
{
    struct verification *one = memory_new(sizeof(*one));

    one->verifier = verifier;
    one->key = question->key;
    one->client = question->client;
    one->known = question->known;
    text_to_buffer(question->hash, one->hash, sizeof(one->hash));
    text_to_buffer(question->password, one->password, sizeof(one->password));
    TAILQ_INIT(&one->waiting);
    verifier->pending[verifier->pending_count++] = one;
    pthread_mutex_lock(&verifier->lock);
    TAILQ_INSERT_TAIL(&verifier->queue, one, link);
    pthread_cond_signal(&verifier->asked);
    pthread_mutex_unlock(&verifier->lock);
    return one;
}

bool verifier_ask(struct verifier *verifier, struct exchange *exchange,
                  const struct password_question *question)
{
    size_t of_client;
    struct verification *one = find(verifier, question, &of_client);

    if (!one) {
        if (verifier->answers_fd < 0 || verifier->pending_count == VERIFIER_PENDING_MOST ||
            of_client >= VERIFIER_CLIENT_MOST)
            return false;
        one = queue(verifier, question);
    }
    exchange->verification = one;
    TAILQ_INSERT_TAIL(&one->waiting, exchange, queue_link);
    return true;
}

/* What nobody waits for and is not begun costs nobody else's time. */
void verifier_forget(struct exchange *exchange)
{
    struct verification *one = exchange->verification;
    struct verifier *verifier = one->verifier;
    bool dropped = false;

    exchange->verification = NULL;
    TAILQ_REMOVE(&one->waiting, exchange, queue_link);
    if (!TAILQ_EMPTY(&one->waiting))
        return;
    pthread_mutex_lock(&verifier->lock);
    if (one->state == VERIFICATION_QUEUED) {
        TAILQ_REMOVE(&verifier->queue, one, link);
        dropped = true;
    }
    pthread_mutex_unlock(&verifier->lock);
    if (dropped)
        free_one(one);
}
