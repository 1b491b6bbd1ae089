// SPDX-License-Identifier: Apache-2.0
#include "metrics/report/catalogue.hpp"

#include <map>

namespace alarm_dist::report {
namespace {

const std::map<std::string, MetricText, std::less<>>& catalogue() {
  static const std::map<std::string, MetricText, std::less<>> texts{
      {"reward/total",
       {"Total reward",
        "What the optimiser is paid: all parts added up over a response, mean of the step's "
        "responses.",
        "reward per response"}},
      {"reward/holistic",
       {"Holistic reward",
        "How good the response is as a whole, in standard deviations above the initial model's "
        "mean.",
        "normalised score"}},
      {"reward/gated_fraction",
       {"Through the gate",
        "Share of responses whose holistic reward reaches the threshold, so that the aspects count "
        "for them.",
        "share of responses", Range{0, 1}}},
      {"reward/too_short",
       {"Too short", "Share of responses that ended at once and got the fixed punishment.",
        "share of responses", Range{0, 1}}},
      {"kl/coef",
       {"KL coefficient",
        "How strongly drifting away is punished; it adapts to keep the KL near its target.",
        "coefficient"}},
      {"entropy",
       {"Entropy",
        "How undecided the model is about the next token. A fall to zero means it says one thing "
        "only.",
        "nats per token"}},
      {"loss/policy",
       {"Policy loss",
        "The clipped objective that moves the model towards better responses; near zero is normal.",
        "loss"}},
      {"loss/value",
       {"Value loss",
        "How wrong the critic is about the reward to come, squared; it should fall and then level "
        "off.",
        "loss"}},
      {"clip_fraction",
       {"Clip fraction",
        "Share of tokens at which the update was cut off because the model had moved far enough.",
        "share of tokens"}},
      {"grad_norm",
       {"Gradient norm", "Size of the update before clipping; spikes point at unstable steps.",
        "norm"}},
      {"logprob_gap/max",
       {"Generation against training",
        "Largest difference of a token's log-probability between generating and training; both "
        "should run one model.",
        "nats"}},
      {"grad_norm/critic", {"Gradient norm of the critic", "The same for the value head.", "norm"}},
      {"explained_variance",
       {"Explained variance",
        "Share of the differences in return that the critic foresees: 1 is perfect, 0 is useless.",
        "share"}},
      {"approximate_kl",
       {"Step size in KL",
        "How far one step's updates moved the model; beyond the limit they stop early.",
        "nats per token"}},
      {"value_clip_fraction",
       {"Value clip fraction", "Share of tokens at which the critic's update was cut off.",
        "share of tokens"}},
      {"lr", {"Learning rate", "Step size of the optimiser.", "learning rate"}},
      {"tokens/response",
       {"Response length",
        "Mean length of the responses; watch it for growth that rewards do not explain.",
        "tokens per response"}},
      {"tokens/prompt",
       {"Prompt length", "Mean length of the prompts of the step.", "tokens per prompt"}},
      {"tokens/ended_fraction",
       {"Responses that ended",
        "Share of responses that ended by themselves rather than at the length limit.",
        "share of responses", Range{0, 1}}},
      {"throughput/tokens_per_s",
       {"Throughput", "Tokens processed a second, all ranks together.", "tokens per second"}},
      {"mfu",
       {"Model FLOP utilisation", "Share of the machine's peak arithmetic that reached the model.",
        "share"}},
      {"memory/rss_bytes",
       {"Memory of the host", "Resident memory, the largest of the ranks.", "bytes"}},
      {"memory/device_bytes",
       {"Memory of the device", "Memory of the accelerator, the largest of the ranks.", "bytes"}},
  };
  return texts;
}

MetricText describe_unknown(std::string_view key) {
  if (key.substr(0, 7) == "reward/") {
    const std::string aspect(key.substr(7));
    return {"Aspect: " + aspect,
            "What the aspect reward says about the responses, mean over the step.", "score"};
  }
  if (key.substr(0, 8) == "dropped/") {
    return {"Dropped: " + std::string(key.substr(8)),
            "Samples left out of the step for this reason.", "samples"};
  }
  return {std::string(key), "By training step.", "value"};
}

}  // namespace

MetricText describe_metric(std::string_view key) {
  const auto found = catalogue().find(key);
  return found != catalogue().end() ? found->second : describe_unknown(key);
}

Figure metric_figure(const RunData& run, const std::string& key) {
  const MetricText text = describe_metric(key);
  LineChart chart{.label = text.title,
                  .y_label = text.y_label,
                  .curves = {{"training", "c1", run.series(key)}},
                  .y = text.y};
  const Points measured = run.series("eval/" + key);
  if (!measured.empty())
    chart.curves.push_back({"validation", "c2", measured, CurveKind::kMarkers});
  const bool several = chart.curves.size() > 1;
  return {.title = text.title,
          .explanation = text.explanation,
          .legend = several ? legend_of(chart) : std::vector<LegendEntry>{},
          .body = draw(chart)};
}

}  // namespace alarm_dist::report
