// SPDX-License-Identifier: Apache-2.0
// Bounds on what a template may cost: a hostile one ends in an error, not in a hang, a full memory
// or an overflowing stack.
//
// Whoever does work in proportion to a size says so before it does it.
#pragma once

#include <cstddef>

#include "text/jinja/failure.hpp"

namespace alarm_dist::jinja {

struct Limits {
  std::size_t work = 10'000'000;      // steps; a step is a node evaluated, an item or 16 bytes made
  std::size_t text_bytes = 32 << 20;  // of one text, the result among them
  int depth = 600;                    // nested evaluations
};

class Budget {
 public:
  explicit Budget(const Limits& limits) : limits_(limits) {}

  void work(std::size_t units) {
    if (units > limits_.work - used_) fail("the template does more than {} steps", limits_.work);
    used_ += units;
  }
  // No text, and nothing else that grows, may have more bytes.
  void size(std::size_t bytes) const {
    if (bytes <= limits_.text_bytes) return;
    fail("the template makes a text of {} bytes, more than {}", bytes, limits_.text_bytes);
  }
  // Before a text of so many bytes is made.
  void text(std::size_t bytes) {
    size(bytes);
    work(bytes / kBytesOfStep + 1);
  }
  // As text(), for count pieces of so many bytes each: the product may not fit a size_t.
  void texts(std::size_t count, std::size_t bytes) {
    if (bytes != 0 && count > limits_.text_bytes / bytes) text(limits_.text_bytes + 1);
    text(count * bytes);
  }

  // One level of nesting while it lives.
  class Level {
   public:
    explicit Level(Budget& budget) : budget_(budget) {
      if (budget_.depth_ >= budget_.limits_.depth) {
        fail("the template nests deeper than {} levels", budget_.limits_.depth);
      }
      ++budget_.depth_;
    }
    ~Level() { --budget_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Budget& budget_;
  };

 private:
  static constexpr std::size_t kBytesOfStep = 16;

  Limits limits_;
  std::size_t used_ = 0;
  int depth_ = 0;
};

}  // namespace alarm_dist::jinja
