# python 3, aclsum 0.1.2: counts of (record, sentence) by evidence label in the validation papers, for
# tests/reward/sentence_examples_test.cpp. Prints: evidence for the asked aspect, for another one, for none.
import json, sys
aspects = ["challenge", "approach", "outcome"]
counts = [0, 0, 0]
for line in open(sys.argv[1] if len(sys.argv) > 1 else ".deps/site/aclsum/dataset/val.jsonl"):
    paper = json.loads(line)
    for section, sentences in paper["sentences"].items():
        for i in range(len(sentences)):
            labels = [int(paper["highlights"][a][section][i]) for a in aspects]
            for label in labels:
                counts[0 if label else 1 if any(labels) else 2] += 1
print(*counts)
