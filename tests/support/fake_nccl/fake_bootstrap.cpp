// SPDX-License-Identifier: Apache-2.0
#include "support/fake_nccl/fake_bootstrap.hpp"

#include <cstring>
#include <vector>

namespace alarm_dist::testing::fake_nccl {
namespace {

struct IdContent {
  int maker;  // rank of the world
  int tag;    // another one for each id of this maker
};

IdContent content_of(const ncclUniqueId& id) {
  IdContent content;
  std::memcpy(&content, &id, sizeof(content));
  return content;
}

int world_rank() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

// Ranks of the world by rank of the new communicator, as the maker hears them.
std::vector<int> collect_members(const IdContent& id, int rank, int size) {
  int mine[2] = {rank, world_rank()};
  std::vector<int> members(static_cast<std::size_t>(size));
  if (mine[1] != id.maker) {
    MPI_Send(mine, 2, MPI_INT, id.maker, id.tag, MPI_COMM_WORLD);
    MPI_Recv(members.data(), size, MPI_INT, id.maker, id.tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return members;
  }
  members[static_cast<std::size_t>(rank)] = mine[1];
  for (int i = 1; i < size; ++i) {
    int theirs[2] = {0, 0};
    MPI_Recv(theirs, 2, MPI_INT, MPI_ANY_SOURCE, id.tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    members[static_cast<std::size_t>(theirs[0])] = theirs[1];
  }
  for (const int member : members) {
    if (member != mine[1]) MPI_Send(members.data(), size, MPI_INT, member, id.tag, MPI_COMM_WORLD);
  }
  return members;
}

}  // namespace

ncclUniqueId make_id() {
  static int next_tag = 1000;
  const IdContent content{world_rank(), next_tag++};
  ncclUniqueId id{};
  std::memcpy(&id, &content, sizeof(content));
  return id;
}

MPI_Comm connect(const ncclUniqueId& id, int rank, int size) {
  const IdContent content = content_of(id);
  const std::vector<int> members = collect_members(content, rank, size);
  MPI_Group world = MPI_GROUP_NULL;
  MPI_Group group = MPI_GROUP_NULL;
  MPI_Comm comm = MPI_COMM_NULL;
  MPI_Comm_group(MPI_COMM_WORLD, &world);
  MPI_Group_incl(world, size, members.data(), &group);
  MPI_Comm_create_group(MPI_COMM_WORLD, group, content.tag, &comm);
  MPI_Group_free(&group);
  MPI_Group_free(&world);
  return comm;
}

}  // namespace alarm_dist::testing::fake_nccl
