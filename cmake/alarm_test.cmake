# SPDX-License-Identifier: Apache-2.0
# alarm_test(NAME ROOM room SOURCES a_test.cpp ... [DEPS lib ...] [RANKS 1 2 4] [TIMEOUT s] [LABELS slow ...])
#
# One gtest executable. Without RANKS it runs as one process without MPI; with RANKS it links the MPI main and is
# registered once for each world size, as NAME_npR, under the label mpi.
set(ALARM_TEST_ENV
    OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
    OMP_NUM_THREADS=1 ALARM_SOURCE_DIR=${CMAKE_SOURCE_DIR} ALARM_BINARY_DIR=${CMAKE_BINARY_DIR})

function(alarm_test name)
  cmake_parse_arguments(ARG "" "ROOM;TIMEOUT" "SOURCES;DEPS;RANKS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(${name} PRIVATE alarm::${ARG_ROOM} ${ARG_DEPS} alarm_test_support GTest::gtest GTest::gmock
                                        alarm_warnings)
  get_property(_room_deps GLOBAL PROPERTY ALARM_DEPS_${ARG_ROOM})
  if("alarm::torch" IN_LIST _room_deps)
    alarm_torch_headers(${name})
  endif()
  if(ARG_RANKS)
    target_link_libraries(${name} PRIVATE alarm_mpi_main)
    foreach(ranks IN LISTS ARG_RANKS)
      add_test(NAME ${name}_np${ranks} COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks} $<TARGET_FILE:${name}>)
      set_tests_properties(${name}_np${ranks} PROPERTIES PROCESSORS ${ranks} TIMEOUT ${ARG_TIMEOUT}
        LABELS "${ARG_ROOM};mpi;${ARG_LABELS}" ENVIRONMENT "${ALARM_TEST_ENV}" SKIP_RETURN_CODE 77)
    endforeach()
  else()
    target_link_libraries(${name} PRIVATE GTest::gtest_main)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_ROOM};${ARG_LABELS}"
      ENVIRONMENT "${ALARM_TEST_ENV}")
  endif()
endfunction()
