/* Doctor's checks of how ports are published, of the shared networks, and of their MTU. */

#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "doctor_private.h"

/*
 * What the overlay driver takes for the MTU of the network below when nobody told it. The option
 * com.docker.network.driver.mtu is that of the network below, too: made with 1400, a task's
 * interface has 1350 (50 bytes of VXLAN), encrypted 1324 (26 more of ESP).
 */
#define OVERLAY_DEFAULT_MTU 1500

static void say_own_is_unknown(const struct doctor *doctor, struct finding *finding)
{
    if (!doctor->has_lists) {
        finding_say(finding, VERDICT_SKIPPED, "%s", doctor_why_unknown(doctor));
    } else if (doctor->options->service) {
        finding_say(finding, VERDICT_ERROR, "there is no service %s", doctor->options->service);
        finding_advise(finding, "docker service ls has the names");
    } else if (doctor->container[0]) {
        finding_say(finding, VERDICT_SKIPPED, "container %.12s belongs to no task of this node",
                    doctor->container);
        finding_advise(finding, "name swarmward's own service by --service NAME");
    } else {
        finding_say(finding, VERDICT_SKIPPED, "swarmward's own service is not known out here");
        finding_advise(finding, "run this in swarmward's container (docker exec CONTAINER "
                                "swarmward doctor ...), or name the service by --service NAME");
    }
}

/* --- published ports -----------------------------------------------------------------------------
 */

static void judge_ports(const struct docker_service *own, struct finding *finding)
{
    for (size_t i = 0; i < own->port_count; i++) {
        const struct docker_port *port = &own->ports[i];

        if (port->udp)
            continue;
        finding_say(finding, port->host_mode ? VERDICT_OK : VERDICT_WARNING,
                    "%u to port %u of the task %s", port->published, port->target,
                    port->host_mode ? "in host mode" : "through the routing mesh");
    }
}

static bool publishes(const struct docker_service *own, const struct address *listener)
{
    for (size_t i = 0; i < own->port_count; i++)
        if (!own->ports[i].udp && own->ports[i].target == address_port(listener))
            return true;
    return false;
}

static bool uses_mesh(const struct docker_service *own)
{
    for (size_t i = 0; i < own->port_count; i++)
        if (!own->ports[i].host_mode)
            return true;
    return false;
}

static bool uses_host_network(const struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->own->network_count; i++) {
        const struct docker_network *network = doctor_network(doctor, doctor->own->networks[i]);

        if (network && text_equal(network->driver, TEXT("host")))
            return true;
    }
    return false;
}

void doctor_check_publish(const struct doctor *doctor, struct finding *finding)
{
    const struct listener_settings *listeners = &doctor->settings->listeners;
    const struct docker_service *own = doctor->own;

    if (!own) {
        say_own_is_unknown(doctor, finding);
        return;
    }
    if (uses_host_network(doctor)) {
        finding_say(finding, VERDICT_OK, "the network of the host itself");
        return;
    }
    judge_ports(own, finding);
    if (uses_mesh(own))
        finding_advise(finding, "publish with mode: host in a global service, as "
                                "conf/stack-host.yaml does: behind the mesh every client has an "
                                "address of the ingress network");
    if (!publishes(own, &listeners->https)) {
        finding_say(finding, VERDICT_WARNING, "no published port leads to listeners.https (%u)",
                    address_port(&listeners->https));
        finding_advise(finding, "publish port 443 with target %u", address_port(&listeners->https));
    }
    if (listeners->admin_enabled && publishes(own, &listeners->admin)) {
        finding_say(finding, VERDICT_ERROR, "the admin listener's port %u is published",
                    address_port(&listeners->admin));
        finding_advise(finding, "take that port out of the stack file: it shows every domain and "
                                "asks for no password");
    }
}

/* --- networks ------------------------------------------------------------------------------------
 */

static void judge_written_names(const struct doctor *doctor, struct finding *finding)
{
    const struct text_list *written = &doctor->settings->docker.networks;

    for (size_t i = 0; i < written->count; i++) {
        const struct docker_network *network = doctor_network(doctor, written->items[i]);

        if (!network) {
            finding_say(finding, VERDICT_ERROR, "docker.networks: there is no network %.*s",
                        TEXT_ARGS(written->items[i]));
            finding_advise(finding,
                           "docker network create --driver overlay --opt encrypted %.*s; the "
                           "networks of a stack are named STACK_NETWORK",
                           TEXT_ARGS(written->items[i]));
        } else if (network->ingress || !network->swarm_scope) {
            finding_say(finding, VERDICT_ERROR, "docker.networks: %.*s is %s",
                        TEXT_ARGS(network->name),
                        network->ingress ? "the routing mesh" : "no overlay of the swarm");
            finding_advise(finding, "name an overlay network that services are attached to");
        }
    }
}

static size_t judge_own(const struct doctor *doctor, struct finding *finding)
{
    bool gated = doctor->settings->policy.backend_encryption == BACKEND_ENCRYPTION_OVERLAY;
    size_t count = 0;

    for (size_t i = 0; i < doctor->network_count; i++) {
        const struct docker_network *network = &doctor->networks[i];

        if (!doctor_network_is_own(doctor, network))
            continue;
        count++;
        if (network->encrypted) {
            finding_say(finding, VERDICT_OK, "%.*s is encrypted", TEXT_ARGS(network->name));
            continue;
        }
        finding_say(finding, gated ? VERDICT_ERROR : VERDICT_WARNING, "%.*s is not encrypted%s",
                    TEXT_ARGS(network->name), gated ? ": its services are answered with 503" : "");
        finding_advise(finding,
                       "an overlay cannot be encrypted later: make a new one with docker network "
                       "create --driver overlay --opt encrypted, and attach the services to it");
    }
    return count;
}

static void judge_sharing(const struct doctor *doctor, struct finding *finding)
{
    struct name_list apart = { 0 };

    for (size_t i = 0; i < doctor->service_count; i++) {
        struct err problem;

        if (doctor_service_is_enabled(doctor, &doctor->services[i], &problem) &&
            !doctor_shares_network(doctor, &doctor->services[i]))
            name_list_add(&apart, doctor->services[i].name);
    }
    if (apart.count) {
        finding_say(finding, VERDICT_WARNING, "not on a network of swarmward: %s",
                    name_list_end(&apart));
        finding_advise(finding, "attach these services to one of swarmward's networks, or "
                                "swarmward to one of theirs");
    }
    name_list_done(&apart);
}

void doctor_check_networks(const struct doctor *doctor, struct finding *finding)
{
    if (!doctor->has_lists || !doctor_knows_own_networks(doctor)) {
        say_own_is_unknown(doctor, finding);
        return;
    }
    judge_written_names(doctor, finding);
    if (judge_own(doctor, finding) == 0 && !doctor->settings->docker.networks.count) {
        finding_say(finding, VERDICT_ERROR, "swarmward's service %.*s is on no overlay network",
                    TEXT_ARGS(doctor->own->name));
        finding_advise(finding, "attach it to the network of the services that it stands before");
        return;
    }
    judge_sharing(doctor, finding);
}

/* --- the MTU -------------------------------------------------------------------------------------
 */

static int mtu_of(const char *interface)
{
    struct ifreq request = { 0 };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int mtu = 0;

    if (fd < 0)
        return 0;
    text_to_buffer(text_of(interface), request.ifr_name, sizeof(request.ifr_name));
    if (ioctl(fd, SIOCGIFMTU, &request) == 0)
        mtu = request.ifr_mtu;
    close(fd);
    return mtu;
}

static bool has_address(const struct ifaddrs *interface, const struct address *wanted)
{
    struct address address = { 0 };

    if (!interface->ifa_addr)
        return false;
    if (interface->ifa_addr->sa_family == AF_INET)
        memcpy(&address.v4, interface->ifa_addr, sizeof(address.v4));
    else if (interface->ifa_addr->sa_family == AF_INET6)
        memcpy(&address.v6, interface->ifa_addr, sizeof(address.v6));
    else
        return false;
    return address_host_equal(&address, wanted);
}

/* Of the interface that carries this node's address in the swarm; 0: it is not to be seen here. */
static int node_mtu(const struct doctor *doctor, char interface_out[IFNAMSIZ])
{
    struct ifaddrs *interfaces = NULL;
    struct address wanted;
    int mtu = 0;

    for (size_t i = 0; i < doctor->node_count; i++) {
        const struct docker_node *node = &doctor->nodes[i];

        if (!text_equal(node->id, doctor->info.node_id) ||
            address_parse_host(node->address, 0, &wanted, NULL) < 0 ||
            address_is_loopback(&wanted) || getifaddrs(&interfaces) < 0)
            continue;
        for (const struct ifaddrs *each = interfaces; each && !mtu; each = each->ifa_next) {
            if (!has_address(each, &wanted))
                continue;
            mtu = mtu_of(each->ifa_name);
            text_to_buffer(text_of(each->ifa_name), interface_out, IFNAMSIZ);
        }
        freeifaddrs(interfaces);
    }
    return mtu;
}

static void judge_mtu(const struct docker_network *network, int least, struct finding *finding)
{
    int64_t below = network->mtu ? network->mtu : OVERLAY_DEFAULT_MTU;

    if (below <= least)
        return;
    finding_say(finding, VERDICT_WARNING, "%.*s is made for an MTU of %lld%s",
                TEXT_ARGS(network->name), (long long)below,
                network->encrypted ? ", and encrypted packets cannot be cut on the way" : "");
    finding_advise(finding,
                   "make %.*s again with --opt com.docker.network.driver.mtu=%d, or raise the MTU "
                   "of the interface on every node",
                   TEXT_ARGS(network->name), least);
}

void doctor_check_mtu(const struct doctor *doctor, struct finding *finding)
{
    char interface[IFNAMSIZ];
    int mtu;

    if (!doctor->has_lists || !doctor_knows_own_networks(doctor)) {
        say_own_is_unknown(doctor, finding);
        return;
    }
    mtu = node_mtu(doctor, interface);
    if (!mtu) {
        finding_say(finding, VERDICT_SKIPPED,
                    "the interface with this node's swarm address is not to be seen here");
        finding_advise(finding, "run doctor on the node itself, with --service NAME");
        return;
    }
    finding_say(finding, VERDICT_OK, "%s has %d", interface, mtu);
    for (size_t i = 0; i < doctor->network_count; i++)
        if (doctor_network_is_own(doctor, &doctor->networks[i]))
            judge_mtu(&doctor->networks[i], mtu, finding);
}
