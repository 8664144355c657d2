#ifndef SWARMWARD_MODEL_SERVICE_REFUSAL_H
#define SWARMWARD_MODEL_SERVICE_REFUSAL_H

/* Why a service's requests are refused before an endpoint is looked for. */
enum service_refusal {
    SERVICE_SERVED,
    SERVICE_NOT_FOUND,     /* no such service in the swarm (yet) */
    SERVICE_NOT_ENCRYPTED, /* policy.backend_encryption */
    SERVICE_NETWORK,       /* no network is shared with it, or several */
    SERVICE_PORT,          /* nobody says at which port it listens */
    SERVICE_REFUSAL_COUNT,
};

/* The word of a refusal, one of model/reasons.h; NULL: it is served. */
const char *service_refusal_reason(enum service_refusal refusal);

#endif
