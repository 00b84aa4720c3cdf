#!/usr/bin/env bash
# Brings up Keystone, Placement, Glance, Nova (fake virt driver) and Neutron (no agents) on 127.0.0.1.
# Idempotent: what is installed, set up or running already is left as it is. See README.md.
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
T0=$SECONDS
[ "$(id -u)" = 0 ] || die "run as root (apt-get install, and the daemons keep their state under $STATE_DIR)"
mkdir -p "$STATE_DIR" "$ETC" "$LOG" "$RUN" "$MARK"
exec 9>"$STATE_DIR/lock"; flock -n 9 || die "another up.sh or down.sh works on $STATE_DIR"

# ---------------------------------------------------------------- packages
PKGS="keystone nova-api nova-conductor nova-scheduler placement-api glance-api uwsgi-plugin-python3
 rabbitmq-server mariadb-server python3-openstackclient curl golang-go golang-github-gophercloud-gophercloud-dev"
[ "$WITH_NEUTRON" = 1 ] && PKGS="$PKGS neutron-api"
missing=; for p in $PKGS; do
  dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null | grep -qx installed || missing="$missing $p"; done
if [ -n "$missing" ]; then
  say "installing:$missing"
  pol=0; if [ ! -e /usr/sbin/policy-rc.d ]; then   # no daemon may start by itself
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; pol=1; fi
  export DEBIAN_FRONTEND=noninteractive
  { apt-get -o DPkg::Lock::Timeout=600 update
    apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends $missing; } >"$LOG/apt.log" 2>&1 9>&-
  rc=$?; [ $pol = 1 ] && rm -f /usr/sbin/policy-rc.d
  [ $rc = 0 ] || { tail -20 "$LOG/apt.log" >&2; die "apt-get failed (log: $LOG/apt.log)"; }
  say "packages installed ($((SECONDS-T0)) s)"
fi

# ---------------------------------------------------------------- ports
chk() { alive "$1" || port_free "$2" || die "port $2 ($1) is taken by something else"; }
chk rabbitmq $AMQP_PORT; chk epmd $EPMD_PORT; chk keystone $KEYSTONE_PORT; chk glance-api $GLANCE_PORT
[ "$WITH_NEUTRON" = 1 ] && chk neutron-server $NEUTRON_PORT
chkr() { chk "nova-api-$RL" "$NPORT"; chk "placement-$RL" "$PPORT"; }; each_region chkr

# ---------------------------------------------------------------- mariadb (unix socket only)
DBPASS=openstack-db
mydb() { mariadb --no-defaults -uroot -S "$SOCK" "$@"; }
db_init() { mariadb-install-db --no-defaults --user=root --datadir="$STATE_DIR/mysql" --auth-root-authentication-method=normal --skip-test-db; }
once mariadb-init db_init
start mariadb mariadbd --no-defaults --user=root --datadir="$STATE_DIR/mysql" --socket="$SOCK" --skip-networking \
  --pid-file="$STATE_DIR/mysql.pid" --max-connections=500 --innodb-buffer-pool-size=128M --innodb-flush-log-at-trx-commit=2 \
  --character-set-server=utf8mb3 --collation-server=utf8mb3_general_ci
for i in $(seq 1 120); do mydb -e 'select 1' >/dev/null 2>&1 && break; sleep 0.5; done
mydb -e 'select 1' >/dev/null 2>&1 || die "mariadb does not answer (log: $LOG/mariadb.out)"
DBS="keystone glance neutron"
dbr() { DBS="$DBS nova_${RL} nova_${RL}_api nova_${RL}_cell0 placement_${RL}"; }; each_region dbr
mkdbs() { for d in $DBS; do echo "create database if not exists $d;"; done
  echo "create user if not exists os@localhost identified by '$DBPASS'; grant all on *.* to os@localhost;"; }
mkdbs | mydb || die "could not create the databases"
dburl() { echo "mysql+pymysql://os:$DBPASS@localhost/$1?unix_socket=$SOCK&charset=utf8"; }

# ---------------------------------------------------------------- rabbitmq (own node, own epmd, loopback)
mkdir -p "$STATE_DIR/rabbit"
cat >"$STATE_DIR/rabbit/env" <<X
export HOME="$STATE_DIR/rabbit" RABBITMQ_NODENAME=openstack@localhost RABBITMQ_NODE_IP_ADDRESS=$IP RABBITMQ_NODE_PORT=$AMQP_PORT
export RABBITMQ_DIST_PORT=$DIST_PORT RABBITMQ_MNESIA_BASE="$STATE_DIR/rabbit/mnesia" RABBITMQ_LOG_BASE="$LOG/rabbit"
export RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_CONFIG_FILE="$STATE_DIR/rabbit/rabbitmq" RABBITMQ_ENABLED_PLUGINS_FILE="$STATE_DIR/rabbit/enabled_plugins"
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"
export ERL_EPMD_ADDRESS=$IP ERL_EPMD_PORT=$EPMD_PORT
X
echo 'loopback_users.guest = true' >"$STATE_DIR/rabbit/rabbitmq.conf"; echo '[].' >"$STATE_DIR/rabbit/enabled_plugins"
start epmd env ERL_EPMD_ADDRESS=$IP epmd -address $IP -port $EPMD_PORT
rab() { ( . "$STATE_DIR/rabbit/env"; exec 9>&-; exec "$@" ); }
start rabbitmq bash -c '. "$0"; exec /usr/lib/rabbitmq/bin/rabbitmq-server' "$STATE_DIR/rabbit/env"
for i in $(seq 1 180); do port_free $AMQP_PORT || break; alive rabbitmq || { tail -20 "$LOG/rabbitmq.out" >&2; die "rabbitmq died"; }; sleep 0.5; done
port_free $AMQP_PORT && die "rabbitmq does not listen"
vhosts() { local v; for v in neutron $(each_region eval 'echo nova-$RL'); do
  rab /usr/lib/rabbitmq/bin/rabbitmqctl -n openstack@localhost add_vhost "$v" || true
  rab /usr/lib/rabbitmq/bin/rabbitmqctl -n openstack@localhost set_permissions -p "$v" guest '.*' '.*' '.*' || return 1; done; }
once rabbit-vhosts vhosts
say "database and message queue are up ($((SECONDS-T0)) s)"

# ---------------------------------------------------------------- configuration files
mkdir -p "$ETC"/{keystone,glance,neutron} "$STATE_DIR"/{keystone/fernet,keystone/credential,glance/images,glance/tmp,neutron}
AUTH="auth_url = http://$IP:$KEYSTONE_PORT/v3
auth_type = password
user_domain_name = Default
project_domain_name = Default
project_name = service
password = $SVC_PASS"
DBPOOL="max_pool_size = 5
max_overflow = 20"
cat >"$ETC/keystone/keystone.conf" <<X
[DEFAULT]
log_file = $LOG/keystone.log
[database]
connection = $(dburl keystone)
$DBPOOL
[token]
provider = fernet
expiration = ${TOKEN_SECONDS:-86400}
[identity]
password_hash_rounds = ${PASSWORD_ROUNDS:-4}
[fernet_tokens]
key_repository = $STATE_DIR/keystone/fernet
[credential]
key_repository = $STATE_DIR/keystone/credential
X
cat >"$ETC/glance/glance-api.conf" <<X
[DEFAULT]
log_file = $LOG/glance-api.log
bind_host = $IP
bind_port = $GLANCE_PORT
workers = 0
node_staging_uri = file://$STATE_DIR/glance/tmp
[database]
connection = $(dburl glance)
$DBPOOL
[glance_store]
stores = file
default_store = file
filesystem_store_datadir = $STATE_DIR/glance/images
[keystone_authtoken]
www_authenticate_uri = http://$IP:$KEYSTONE_PORT
$AUTH
username = glance
[paste_deploy]
flavor = keystone
config_file = /etc/glance/glance-api-paste.ini
X
cat >"$ETC/neutron/neutron.conf" <<X
[DEFAULT]
log_file = $LOG/neutron-server.log
state_path = $STATE_DIR/neutron
bind_host = $IP
bind_port = $NEUTRON_PORT
api_workers = 0
rpc_workers = 0
rpc_state_report_workers = 0
core_plugin = ml2
service_plugins =
transport_url = rabbit://guest:guest@$IP:$AMQP_PORT/neutron
api_paste_config = /etc/neutron/api-paste.ini
auth_strategy = keystone
allow_overlapping_ips = true
notify_nova_on_port_status_changes = false
notify_nova_on_port_data_changes = false
dns_domain = openstack.local.
[database]
connection = $(dburl neutron)
$DBPOOL
[keystone_authtoken]
www_authenticate_uri = http://$IP:$KEYSTONE_PORT
$AUTH
username = neutron
[oslo_concurrency]
lock_path = $STATE_DIR/neutron/lock
[quotas]
quota_port = -1
quota_network = 100
X
cat >"$ETC/neutron/ml2.ini" <<X
[ml2]
type_drivers = local
tenant_network_types = local
mechanism_drivers = bindall
extension_drivers =
[securitygroup]
enable_security_group = true
X
conf_region() {
  mkdir -p "$ETC/nova-$RL" "$ETC/placement-$RL" "$STATE_DIR/nova-$RL/instances"
  cp /etc/nova/api-paste.ini "$ETC/nova-$RL/api-paste.ini"
  cat >"$ETC/placement-$RL/placement.conf" <<X
[DEFAULT]
log_file = $LOG/placement-$RL.log
[placement_database]
connection = $(dburl placement_$RL)
$DBPOOL
[api]
auth_strategy = keystone
[keystone_authtoken]
www_authenticate_uri = http://$IP:$KEYSTONE_PORT
$AUTH
username = placement
X
  # the two habits that real clouds have: DFW trusts X-Forwarded-* (as behind a load balancer), ORD runs with the defaults
  local ph=PROXY_HEADERS_$RN; ph=${!ph:-$([ "$KIND" = eventlet ] && echo true || echo false)}
  cat >"$ETC/nova-$RL/nova.conf" <<X
[DEFAULT]
host = fake-$RL-1
my_ip = $IP
state_path = $STATE_DIR/nova-$RL
instances_path = $STATE_DIR/nova-$RL/instances
transport_url = rabbit://guest:guest@$IP:$AMQP_PORT/nova-$RL
compute_driver = fake.FakeDriver
enabled_apis = osapi_compute
osapi_compute_listen = $IP
osapi_compute_listen_port = $NPORT
osapi_compute_workers = 1
default_availability_zone = nova
allow_resize_to_same_host = true
running_deleted_instance_action = noop
sync_power_state_interval = -1
[wsgi]
api_paste_config = $ETC/nova-$RL/api-paste.ini
[api]
auth_strategy = keystone
max_limit = 1000
[oslo_middleware]
enable_proxy_headers_parsing = $ph
[api_database]
connection = $(dburl nova_${RL}_api)
$DBPOOL
[database]
connection = $(dburl nova_${RL})
$DBPOOL
[keystone_authtoken]
www_authenticate_uri = http://$IP:$KEYSTONE_PORT
token_cache_time = ${TOKEN_CACHE_SECONDS:-300}
$AUTH
username = nova
[placement]
$AUTH
username = placement
region_name = $RN
valid_interfaces = internal
[glance]
region_name = $RN
valid_interfaces = internal
[neutron]
$AUTH
username = neutron
region_name = $RN
valid_interfaces = internal
[cinder]
os_region_name = $RN
[conductor]
workers = 1
[scheduler]
workers = 1
discover_hosts_in_cells_interval = 60
[filter_scheduler]
track_instance_changes = false
[quota]
instances = $QUOTA_INSTANCES
cores = $((QUOTA_INSTANCES*4))
ram = $((QUOTA_INSTANCES*8192))
[vnc]
enabled = false
[oslo_concurrency]
lock_path = $STATE_DIR/nova-$RL/lock
X
}
each_region conf_region

# ---------------------------------------------------------------- keystone
KM() { exec 9>&-; keystone-manage --config-file "$ETC/keystone/keystone.conf" "$@"; }
ks_setup() { ( KM db_sync && KM fernet_setup --keystone-user root --keystone-group root \
  && KM credential_setup --keystone-user root --keystone-group root \
  && KM bootstrap --bootstrap-password "$ADMIN_PASS" --bootstrap-region-id "$FIRST_REGION" \
     --bootstrap-public-url "http://$IP:$KEYSTONE_PORT/v3" --bootstrap-internal-url "http://$IP:$KEYSTONE_PORT/v3" \
     --bootstrap-admin-url "http://$IP:$KEYSTONE_PORT/v3" ); }
once keystone ks_setup
# Such a server closes after every answer, says neither Content-Length nor "Connection: close", and a client that trusts a 204 to leave
# the connection usable meets ECONNRESET. CONN_CLOSE=1 makes keystone and the uwsgi nova-api say it; placement (only nova talks to it) does.
CLOSE="--add-header Connection:close"; WSGI_EXTRA=; [ "${CONN_CLOSE:-0}" = 1 ] && WSGI_EXTRA=$CLOSE
# Debian's own way to run the WSGI services (the options of /etc/*/*-uwsgi.ini), with fewer workers
wsgi() { # NAME PORT WSGI-FILE PROCESSES THREADS ENV...
  local n=$1 port=$2 f=$3 pr=$4 th=$5 LOGGED=--disable-logging; shift 5
  # logins are counted in keystone's log: what nova-api and the others ask of it (no POST) is in it too
  [ "$n" = keystone ] && LOGGED=
  start "$n" env "$@" uwsgi_python3 --http-socket $IP:$port --wsgi-file "$f" --master --processes $pr --threads $th \
    --enable-threads --lazy-apps --no-orphans --die-on-term --thunder-lock --buffer-size 65535 --rem-header Content-Length \
    --listen 100 --chdir "$STATE_DIR" $LOGGED $WSGI_EXTRA
}
wsgi keystone $KEYSTONE_PORT /usr/bin/keystone-wsgi-public 1 4 OS_KEYSTONE_CONFIG_DIR="$ETC/keystone"
wait_http keystone "http://$IP:$KEYSTONE_PORT/v3" 120
prov() { env STATE_DIR="$STATE_DIR" REGIONS="$REGIONS" KEYSTONE_PORT=$KEYSTONE_PORT GLANCE_PORT=$GLANCE_PORT NEUTRON_PORT=$NEUTRON_PORT \
  WITH_NEUTRON=$WITH_NEUTRON COMPUTE_STYLE=$COMPUTE_STYLE COMPUTE_NAME="$COMPUTE_NAME" ADMIN_PASS="$ADMIN_PASS" SVC_PASS="$SVC_PASS" \
  DEMO_PASS="$DEMO_PASS" /usr/bin/python3 "$HERE/provision.py" "$@" 9>&-; }
prov identity || die "provisioning of the identity service failed"
say "keystone is provisioned ($((SECONDS-T0)) s)"

# ---------------------------------------------------------------- schemas
gl_sync() { ( exec 9>&-; glance-manage --config-file "$ETC/glance/glance-api.conf" db_sync ); }
export PYTHONPATH="$HERE/plugin"
ne_sync() { ( exec 9>&-; neutron-db-manage --config-file "$ETC/neutron/neutron.conf" --config-file "$ETC/neutron/ml2.ini" upgrade head ); }
once glance gl_sync
[ "$WITH_NEUTRON" = 1 ] && once neutron ne_sync
NM() { nova-manage --config-file "$ETC/nova-$RL/nova.conf" "$@"; }
nova_setup() { ( exec 9>&-
  placement-manage --config-file "$ETC/placement-$RL/placement.conf" db sync && NM api_db sync \
  && NM cell_v2 map_cell0 --database_connection "$(dburl nova_${RL}_cell0)" \
  && { NM cell_v2 list_cells | grep -q ' cell1 ' || NM cell_v2 create_cell --name cell1; } && NM db sync ); }
nova_region() { once "nova-$RL" nova_setup; }
each_region nova_region
say "schemas are in place ($((SECONDS-T0)) s)"

# ---------------------------------------------------------------- services
start glance-api glance-api --config-file "$ETC/glance/glance-api.conf"
[ "$WITH_NEUTRON" = 1 ] && start neutron-server neutron-server --config-file "$ETC/neutron/neutron.conf" --config-file "$ETC/neutron/ml2.ini"
run_region() {
  WSGI_EXTRA=$CLOSE wsgi "placement-$RL" "$PPORT" /usr/bin/placement-api 1 2 OS_PLACEMENT_CONFIG_DIR="$ETC/placement-$RL"
  start "nova-conductor-$RL" nova-conductor --config-file "$ETC/nova-$RL/nova.conf" --log-file "$LOG/nova-conductor-$RL.log"
  start "nova-scheduler-$RL" nova-scheduler --config-file "$ETC/nova-$RL/nova.conf" --log-file "$LOG/nova-scheduler-$RL.log"
  if [ "$KIND" = uwsgi ]; then
    wsgi "nova-api-$RL" "$NPORT" /usr/bin/nova-api-wsgi 2 1 OS_NOVA_CONFIG_DIR="$ETC/nova-$RL"
  else
    start "nova-api-$RL" nova-api --config-file "$ETC/nova-$RL/nova.conf" --log-file "$LOG/nova-api-$RL.log"
  fi
}
each_region run_region
wait_http glance-api "http://$IP:$GLANCE_PORT/" 180
[ "$WITH_NEUTRON" = 1 ] && wait_http neutron-server "http://$IP:$NEUTRON_PORT/" 180
wait_region() { wait_http "placement-$RL" "http://$IP:$PPORT/" 180; wait_http "nova-api-$RL" "http://$IP:$NPORT/" 180; }
each_region wait_region
comp_region() { start "nova-compute-$RL" "$HERE/plugin/nova-compute" --config-file "$ETC/nova-$RL/nova.conf" --log-file "$LOG/nova-compute-$RL.log"; }
each_region comp_region
prov compute || die "provisioning of flavors and images failed"
hosts() { local i; for i in $(seq 1 60); do ( exec 9>&-; NM cell_v2 discover_hosts ); 
  ( exec 9>&-; NM cell_v2 list_hosts ) | grep -q "fake-$RL-1" && return 0; sleep 2; done; return 1; }
hosts_region() { once "nova-hosts-$RL" hosts; }
each_region hosts_region
say "up in $((SECONDS-T0)) s: identity http://$IP:$KEYSTONE_PORT/v3, user demo / project demo, password in env.sh; state in $STATE_DIR"
each_region eval 'say "  $RN compute http://$IP:$NPORT ($KIND)"'
