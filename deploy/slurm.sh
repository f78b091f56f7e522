#!/usr/bin/env bash
# A sweep on the nodes of one Slurm job; docs/clusters.md says how to use it.
#   sbatch deploy/slurm.sh SWEEP [options of `privsearch sweep`]
# What your cluster asks for (partition, account, --gpus-per-node) goes below, or before the script's name.
#SBATCH --job-name=privsearch
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=8
#SBATCH --mem=16G
#SBATCH --time=04:00:00
#SBATCH --output=privsearch-%j.log
#SBATCH --open-mode=append
# The script hears of the time limit three minutes ahead; a node that dies does not end the job.
#SBATCH --signal=B:USR1@180
#SBATCH --requeue
#SBATCH --no-kill
set -euo pipefail

mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
# Others may use these nodes too: ports and a directory of this job's own, and a token that only this job knows.
port=$((20000 + SLURM_JOB_ID % 5000 * 2))
address=$(python -c 'import ray; print(ray.util.get_node_ip_address())'):$port
RAY_AUTH_TOKEN=$(python -c 'import secrets; print(secrets.token_hex(32))')
export RAY_AUTH_MODE=token RAY_AUTH_TOKEN RAY_USAGE_STATS_ENABLED=0

steps=()
on_node() { # NODE OPTIONS: Ray on a node, until its step is ended
  srun --nodes=1 --ntasks=1 --cpus-per-task="$SLURM_CPUS_PER_TASK" --nodelist="$1" --no-kill \
    ray start --block --num-cpus="$SLURM_CPUS_PER_TASK" "${@:2}" >"privsearch-$SLURM_JOB_ID.$1.log" 2>&1 &
  steps+=("$!")
}
end_steps() {
  kill "${steps[@]}" 2>/dev/null || true
  wait "${steps[@]}" || true
}
trap end_steps EXIT

heard='' sweep=''
tell() { # SIGNAL: have the sweep stop, once there is one
  heard=$1
  [ -z "$sweep" ] || kill -TERM "$sweep" 2>/dev/null || true
}
trap 'tell USR1' USR1
trap 'tell TERM' TERM

on_node "${nodes[0]}" --head --port="$port" --ray-client-server-port=$((port + 1)) \
  --temp-dir="/tmp/privsearch-$SLURM_JOB_ID" --include-dashboard=false
if ! timeout 120 sh -c "until ray status --address=$address; do sleep 1; done" >/dev/null 2>&1; then
  echo "Ray did not start on $address: privsearch-$SLURM_JOB_ID.${nodes[0]}.log says why" >&2
  exit 1
fi
for node in "${nodes[@]:1}"; do
  on_node "$node" --address="$address"
done

privsearch sweep "$@" --address "$address" &
sweep=$!
[ -z "$heard" ] || tell "$heard"
# A signal cuts a `wait` short.
until status=0; wait "$sweep" || status=$?; ! kill -0 "$sweep" 2>/dev/null; do :; done
# Time was up before the sweep was done: the same job again, where it was. TERM is scancel, and the end.
if [ "$heard" = USR1 ] && [ "$status" -ne 0 ] && [ "$status" -ne 2 ]; then
  end_steps
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"
