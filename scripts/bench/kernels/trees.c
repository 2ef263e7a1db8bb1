// Binary trees that are built, walked and freed: the allocator and pointers.
#include <stdlib.h>

struct node {
    struct node *left, *right;
};

static struct node *build(int depth) {
    struct node *node = malloc(sizeof *node);
    node->left = depth ? build(depth - 1) : 0;
    node->right = depth ? build(depth - 1) : 0;
    return node;
}

static unsigned count(const struct node *node) {
    return node ? 1 + count(node->left) + count(node->right) : 0;
}

static void destroy(struct node *node) {
    if (!node) return;
    destroy(node->left);
    destroy(node->right);
    free(node);
}

unsigned run(void) {
    unsigned sum = 0;
    struct node *kept = build(14);
    for (int depth = 4; depth <= 14; depth += 2)
        for (int i = 0; i < 1 << (15 - depth); i++) {
            struct node *tree = build(depth);
            sum += count(tree);
            destroy(tree);
        }
    sum += count(kept);
    destroy(kept);
    return sum;
}
