# What a load balancer would have counted of two versions side by side, as `mod-106 promote to champion --observations` reads it.
#   awk -v baseline=1 -v canary=2 -v slower=1.0 -f observe.awk
function sample(factor, seed,    text, i) {
    srand(seed)
    for (i = 0; i < 1500; i++) text = text (i ? ", " : "") sprintf("%.2f", factor * (20 + 10 * rand() + 10 * rand()))
    return text
}
function side(name, version, factor, seed) {
    printf "%s:\n  version: \"%s\"\n  requests: 20000\n  errors: %d\n  latency_ms: [%s]\n", name, version, 20 * factor, sample(factor, seed)
}
BEGIN {
    side("baseline", baseline, 1.0, 1)
    side("canary", canary, slower, 2)
}
