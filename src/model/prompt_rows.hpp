// SPDX-License-Identifier: Apache-2.0
// Which prompt each live row of a generation continues. What is kept of prompts stands padded to
// the longest one, [G, P, ...]; the queries of all rows of a prompt go against it in one product.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

namespace alarm_dist {

// Added to scores, [G, 1, 1, P]: hides what is true in hidden_GP.
at::Tensor hiding_mask(const at::Tensor& hidden_GP, const at::TensorOptions& options);

class PromptRows {
 public:
  PromptRows(std::vector<std::int64_t> prompt_sizes, std::vector<std::int64_t> prompt_of_row,
             const at::TensorOptions& options);

  // Rows sorted by prompt, [B, ...] -> [G, k, ...]: k is the most rows that share a prompt, gaps
  // hold a copy of some row.
  at::Tensor by_prompt(const at::Tensor& x_B) const;
  at::Tensor by_row(const at::Tensor& x_Gk) const;  // and back
  // Hides the padding, [G, 1, 1, P]; undefined when no prompt is padded.
  const at::Tensor& mask() const { return mask_; }
  const std::vector<std::int64_t>& sizes() const { return sizes_; }  // of prompts
  std::vector<std::int64_t> sizes_by_row() const;                    // of each row's prompt
  std::int64_t longest() const { return longest_; }

  struct KeptPrompts {
    at::Tensor indices;  // ascending
    std::int64_t longest = 0;
  };
  // Goes on with these of the live rows. Moving the prompts costs more than a few idle ones: when
  // half of them are idle the result says which are left, and from then on these are all there are.
  std::optional<KeptPrompts> keep(std::span<const std::int64_t> rows);

 private:
  void arrange();
  std::optional<KeptPrompts> drop_idle();
  at::Tensor indices(std::span<const std::int64_t> values) const;

  at::TensorOptions options_;
  std::vector<std::int64_t> sizes_;          // G
  std::vector<std::int64_t> prompt_of_row_;  // B
  std::int64_t longest_ = 0, width_ = 0;     // P, k
  at::Tensor row_of_slot_, slot_of_row_;     // G*k; B
  at::Tensor mask_;
};

}  // namespace alarm_dist
