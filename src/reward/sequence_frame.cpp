// SPDX-License-Identifier: Apache-2.0
#include "reward/sequence_frame.hpp"

#include "alarm/base/error.hpp"

namespace alarm_dist {

SequenceFrame find_frame(const Tokenizer& tokenizer) {
  const auto cls = tokenizer.id_of("[CLS]"), sep = tokenizer.id_of("[SEP]");
  if (cls && sep) return {.begin = *cls, .end = *sep};
  const auto begin = tokenizer.id_of("<s>"), end = tokenizer.id_of("</s>");
  ALARM_CHECK(
      begin && end,
      "the reward model's tokenizer has neither [CLS] and [SEP] nor <s> and </s>, which its "
      "template needs");
  return {.begin = *begin, .end = *end, .between = 2, .second_type = 0};
}

}  // namespace alarm_dist
