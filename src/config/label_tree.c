/* "routes.hl7.path" = "/fhir" -> routes: { hl7: { path: /fhir } }. Bounded, whoever wrote them. */

#include "label_tree.h"

#define NAME_BYTES 200

static struct yaml_node *find_child(const struct yaml_node *node, struct text key)
{
    for (struct yaml_node *child = node->first; child; child = child->next)
        if (text_equal(child->key, key))
            return child;
    return NULL;
}

static struct yaml_node *add_child(struct reading *reading, struct yaml_node *node, struct text key)
{
    struct yaml_node *child = arena_new(&reading->settings->arena, 1, sizeof(*child));
    struct yaml_node **tail = &node->first;

    child->key = key;
    child->kind = YAML_NOTHING;
    while (*tail)
        tail = &(*tail)->next;
    *tail = child;
    node->count++;
    return child;
}

static bool is_visible(struct text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < ' ' || text.at[i] > '~')
            return false;
    return true;
}

struct text label_printable(struct arena *arena, struct text text)
{
    struct text start = text_first(text, 80);
    char *shown = arena_cstr(arena, start);

    for (size_t i = 0; i < start.len; i++)
        if (!is_visible(text_make(shown + i, 1)))
            shown[i] = '?';
    return text_make(shown, start.len);
}

/* What the bytes of a label must be before anything looks at what they say. */
static bool check_name(struct reading *reading, const struct trail *trail, struct text name)
{
    struct text shown = label_printable(&reading->settings->arena, name);
    struct trail here = { .parent = trail, .name = shown };
    const struct source_place nowhere = { 0 };

    if (name.len > NAME_BYTES)
        reading_error(reading, &here, nowhere, "the name has more than %d bytes", NAME_BYTES);
    else if (!is_visible(name))
        reading_error(reading, &here, nowhere, "the name may have visible ASCII only");
    else
        return true;
    return false;
}

static bool check_value(struct reading *reading, const struct trail *trail,
                        const struct label *label)
{
    struct trail here = { .parent = trail, .name = label->name };
    const struct source_place nowhere = { 0 };

    if (label->value.len > LABEL_VALUE_BYTES)
        reading_error(reading, &here, nowhere, "has more than %d bytes", LABEL_VALUE_BYTES);
    else if (!is_visible(label->value))
        reading_error(reading, &here, nowhere, "may have visible ASCII only");
    else
        return true;
    return false;
}

/* The node of a name; NULL: it was complained about. */
static struct yaml_node *node_of(struct reading *reading, const struct trail *trail,
                                 struct yaml_node *root, struct text name)
{
    struct trail here = { .parent = trail, .name = name };
    const struct source_place nowhere = { 0 };
    struct yaml_node *node = root;
    struct text rest = name;
    struct text part;
    int depth = 0;
    bool more;

    do {
        struct yaml_node *child;

        more = text_split(rest, '.', &part, &rest);
        if (part.len == 0 || ++depth >= YAML_DEPTH) {
            reading_error(reading, &here, nowhere,
                          part.len ? "has too many dots" : "there is nothing between two dots");
            return NULL;
        }
        child = find_child(node, part);
        node = child ? child : add_child(reading, node, part);
        if (node->kind == YAML_SCALAR || (!more && node->kind == YAML_MAPPING)) {
            reading_error(reading, &here, nowhere,
                          "is both a value and the beginning of other names; remove one");
            return NULL;
        }
        if (more)
            node->kind = YAML_MAPPING;
    } while (more);
    return node;
}

const struct yaml_node *label_tree(struct reading *reading, const struct trail *trail,
                                   const struct label *labels, size_t count)
{
    struct arena *arena = &reading->settings->arena;
    struct yaml_node *root = arena_new(arena, 1, sizeof(*root));

    root->kind = YAML_MAPPING;
    if (count > LABELS_MAX) {
        reading_error(reading, trail, root->place, "has more than %d labels", LABELS_MAX);
        return root;
    }
    for (size_t i = 0; i < count; i++) {
        struct yaml_node *node;

        if (!check_name(reading, trail, labels[i].name))
            continue;
        node = node_of(reading, trail, root, arena_text(arena, labels[i].name));
        if (!node)
            continue;
        /* it is there, even where what it says is refused: nobody need call it missing */
        node->kind = check_value(reading, trail, &labels[i]) ? YAML_SCALAR : YAML_BROKEN;
        node->text = arena_text(arena, text_first(labels[i].value, LABEL_VALUE_BYTES));
    }
    return root;
}
