# SPDX-License-Identifier: Apache-2.0
# alarm_warnings: for our own code; third parties are SYSTEM.
add_library(alarm_warnings INTERFACE)
target_compile_options(alarm_warnings INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion)
if(ALARM_WERROR)
  target_compile_options(alarm_warnings INTERFACE -Werror)
endif()
