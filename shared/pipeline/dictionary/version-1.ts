/** OpenTelemetry's attribute values and keys, rarest first. Never edit: stored chunks are read with this very list. */
export const VALUES_1 = `
akamai_cloud alibaba_cloud aws azure gcp heroku hetzner ibm_cloud oracle_cloud scaleway_cloud tencent_cloud vultr
akamai_cloud.compute alibaba_cloud_ecs alibaba_cloud_fc alibaba_cloud_openshift aws_app_runner aws_ec2 aws_ecs aws_eks
aws_elastic_beanstalk aws_lambda aws_openshift azure.aks azure.app_service azure.container_apps
azure.container_instances azure.functions azure.openshift azure.vm gcp.agent_engine gcp_app_engine
gcp_bare_metal_solution gcp_cloud_functions gcp_cloud_run gcp_compute_engine gcp_kubernetes_engine gcp_openshift
hetzner.cloud_server ibm_cloud_openshift oracle_cloud_compute oracle_cloud_oke scaleway_cloud_compute
tencent_cloud_cvm tencent_cloud_eks tencent_cloud_scf vultr.cloud_compute aix darwin dragonflybsd freebsd hpux linux
netbsd openbsd solaris windows zos z_os amd64 arm32 arm64 ia64 ppc32 ppc64 s390x x86 datasource http other pubsub
timer create deliver process publish receive send settle activemq aws.sns aws_sqs eventgrid eventhubs gcp_pubsub jms
kafka pulsar rabbitmq rocketmq servicebus chat create_agent embeddings execute_tool generate_content invoke_agent
invoke_workflow retrieval text_completion connectrpc dubbo grpc jsonrpc apache_dubbo connect_rpc dotnet_wcf java_rmi
onc_rpc adabas cache cassandra clickhouse cloudscape cockroachdb coldfusion cosmosdb couchbase couchdb db2 derby
dynamodb edb elasticsearch filemaker firebird firstsql geode h2 hanadb hbase hive hsqldb influxdb informix ingres
instantdb interbase intersystems_cache mariadb maxdb memcached mongodb mssql mssqlcompact mysql neo4j netezza
opensearch oracle other_sql pervasive pointbase postgresql progress redis redshift spanner sqlite sybase teradata
trino vertica actian.ingres aws.dynamodb aws.redshift azure.cosmosdb firebirdsql gcp.spanner h2database ibm.db2
ibm.informix ibm.netezza intersystems.cache microsoft.sql_server oracle.db sap.hana sap.maxdb softwareag.adabas ipv4
ipv6 pipe quic tcp udp unix development production staging test CONNECT DELETE GET HEAD OPTIONS _OTHER PATCH POST PUT
QUERY TRACE cpp dotnet erlang go java kotlin nodejs php python ruby rust swift webjs https 1.1 2 opentelemetry
`

export const KEYS_1 = `
gcp.apphub.workload.id gcp.apphub_destination.application.container gcp.apphub_destination.application.id
gcp.apphub_destination.application.location gcp.apphub_destination.service.criticality_type
gcp.apphub_destination.service.environment_type gcp.apphub_destination.service.id
gcp.apphub_destination.workload.criticality_type gcp.apphub_destination.workload.environment_type
gcp.apphub_destination.workload.id gcp.client.service gcp.cloud_run.job.execution gcp.cloud_run.job.task_index
gcp.gce.instance.hostname gcp.gce.instance.name gcp.gce.instance_group_manager.name
gcp.gce.instance_group_manager.region gcp.gce.instance_group_manager.zone gcp.pubsub.message.ack_deadline
gcp.pubsub.message.ack_id gcp.pubsub.message.delivery_attempt gcp.pubsub.message.ordering_key azure.client.id
azure.cosmosdb.connection.mode azure.cosmosdb.consistency.level azure.cosmosdb.operation.contacted_regions
azure.cosmosdb.operation.request_charge azure.cosmosdb.request.body.size azure.cosmosdb.response.sub_status_code
azure.eventhubs.message.enqueued_time azure.resource_group.name azure.resource_provider.namespace
azure.service.request.id azure.servicebus.disposition_status azure.servicebus.message.delivery_count
azure.servicebus.message.enqueued_time rabbitmq.destination.routing_key rabbitmq.message.delivery_tag
messaging.batch.message_count messaging.client.id messaging.consumer.group.name messaging.consumer_id
messaging.conversation_id messaging.destination messaging.destination.anonymous messaging.destination.name
messaging.destination.partition.id messaging.destination.subscription.name messaging.destination.template
messaging.destination.temporary messaging.destination_kind messaging.destination_publish.anonymous
messaging.destination_publish.name messaging.eventhubs.consumer.group messaging.eventhubs.message.enqueued_time
messaging.gcp_pubsub.message.ack_deadline messaging.gcp_pubsub.message.ack_id
messaging.gcp_pubsub.message.delivery_attempt messaging.gcp_pubsub.message.ordering_key messaging.kafka.client_id
messaging.kafka.cluster.id messaging.kafka.consumer.group messaging.kafka.consumer_group
messaging.kafka.destination.partition messaging.kafka.message.key messaging.kafka.message.offset
messaging.kafka.message.tombstone messaging.kafka.message_key messaging.kafka.offset messaging.kafka.partition
messaging.kafka.tombstone messaging.message.body.size messaging.message.conversation_id
messaging.message.envelope.size messaging.message.id messaging.message_id
messaging.message_payload_compressed_size_bytes messaging.message_payload_size_bytes messaging.operation
messaging.operation.name messaging.operation.type messaging.protocol messaging.protocol_version
messaging.rabbitmq.destination.routing_key messaging.rabbitmq.message.delivery_tag messaging.rabbitmq.routing_key
messaging.rocketmq.client_group messaging.rocketmq.consumption_model messaging.rocketmq.message.delay_time_level
messaging.rocketmq.message.delivery_timestamp messaging.rocketmq.message.group messaging.rocketmq.message.keys
messaging.rocketmq.message.tag messaging.rocketmq.message.type messaging.rocketmq.namespace
messaging.servicebus.destination.subscription_name messaging.servicebus.disposition_status
messaging.servicebus.message.delivery_count messaging.servicebus.message.enqueued_time messaging.system
messaging.system.name messaging.temp_destination messaging.url gen_ai.agent.description gen_ai.agent.id
gen_ai.agent.name gen_ai.agent.version gen_ai.completion gen_ai.conversation.id gen_ai.data_source.id
gen_ai.embeddings.dimension.count gen_ai.evaluation.explanation gen_ai.evaluation.name gen_ai.evaluation.score.label
gen_ai.evaluation.score.value gen_ai.input.messages gen_ai.openai.request.response_format gen_ai.openai.request.seed
gen_ai.openai.request.service_tier gen_ai.openai.response.service_tier gen_ai.openai.response.system_fingerprint
gen_ai.operation.name gen_ai.output.messages gen_ai.output.type gen_ai.prompt gen_ai.prompt.name gen_ai.provider.name
gen_ai.request.choice.count gen_ai.request.encoding_formats gen_ai.request.frequency_penalty gen_ai.request.max_tokens
gen_ai.request.model gen_ai.request.presence_penalty gen_ai.request.seed gen_ai.request.stop_sequences
gen_ai.request.stream gen_ai.request.temperature gen_ai.request.top_k gen_ai.request.top_p
gen_ai.response.finish_reasons gen_ai.response.id gen_ai.response.model gen_ai.response.time_to_first_chunk
gen_ai.retrieval.documents gen_ai.retrieval.query.text gen_ai.system gen_ai.system_instructions gen_ai.token.type
gen_ai.tool.call.arguments gen_ai.tool.call.id gen_ai.tool.call.result gen_ai.tool.definitions gen_ai.tool.description
gen_ai.tool.name gen_ai.tool.type gen_ai.usage.cache_creation.input_tokens gen_ai.usage.cache_read.input_tokens
gen_ai.usage.completion_tokens gen_ai.usage.input_tokens gen_ai.usage.output_tokens gen_ai.usage.prompt_tokens
gen_ai.usage.reasoning.output_tokens gen_ai.workflow.name os.build_id os.description os.name os.type os.version
host.arch host.cpu.cache.l2.size host.cpu.family host.cpu.model.id host.cpu.model.name host.cpu.stepping
host.cpu.vendor.id host.id host.image.id host.image.name host.image.version host.ip host.mac host.name host.type
cloud.account.id cloud.availability_zone cloud.platform cloud.provider cloud.region cloud.resource_id
container.command container.command_args container.command_line container.cpu.state container.csi.plugin.name
container.csi.volume.id container.id container.image.id container.image.name container.image.repo_digests
container.image.tag container.image.tags container.name container.runtime container.runtime.description
container.runtime.name container.runtime.version k8s.cluster.name k8s.cluster.uid
k8s.container.ephemeral_storage.fs_type k8s.container.name k8s.container.restart_count
k8s.container.status.last_terminated_reason k8s.container.status.reason k8s.container.status.state k8s.cronjob.name
k8s.cronjob.uid k8s.daemonset.name k8s.daemonset.uid k8s.deployment.name k8s.deployment.uid k8s.hpa.metric.type
k8s.hpa.name k8s.hpa.scaletargetref.api_version k8s.hpa.scaletargetref.kind k8s.hpa.scaletargetref.name k8s.hpa.uid
k8s.hugepage.size k8s.job.name k8s.job.uid k8s.namespace.name k8s.namespace.phase k8s.node.condition.status
k8s.node.condition.type k8s.node.name k8s.node.system_container.name k8s.node.uid k8s.persistentvolume.name
k8s.persistentvolume.reclaim_policy k8s.persistentvolume.status.phase k8s.persistentvolume.uid
k8s.persistentvolumeclaim.name k8s.persistentvolumeclaim.status.phase k8s.persistentvolumeclaim.uid k8s.pod.hostname
k8s.pod.ip k8s.pod.name k8s.pod.start_time k8s.pod.status.phase k8s.pod.status.reason k8s.pod.uid k8s.replicaset.name
k8s.replicaset.uid k8s.replicationcontroller.name k8s.replicationcontroller.uid k8s.resourcequota.name
k8s.resourcequota.resource_name k8s.resourcequota.uid k8s.service.endpoint.address_type k8s.service.endpoint.condition
k8s.service.endpoint.zone k8s.service.name k8s.service.publish_not_ready_addresses k8s.service.traffic_distribution
k8s.service.type k8s.service.uid k8s.statefulset.name k8s.statefulset.uid k8s.storageclass.name k8s.volume.name
k8s.volume.type process.args_count process.command process.command_args process.command_line
process.context_switch.type process.cpu.state process.creation.time process.executable.build_id.gnu
process.executable.build_id.go process.executable.build_id.htlhash process.executable.build_id.profiling
process.executable.name process.executable.path process.exit.code process.exit.time process.group_leader.pid
process.interactive process.linux.cgroup process.owner process.paging.fault_type process.parent_pid process.pid
process.real_user.id process.real_user.name process.runtime.description process.runtime.name process.runtime.version
process.saved_user.id process.saved_user.name process.session_leader.pid process.state process.title process.user.id
process.user.name process.vpid process.working_directory enduser.id enduser.pseudo.id enduser.role enduser.scope
user.email user.full_name user.hash user.id user.name user.roles thread.id thread.name code.column code.column.number
code.file.path code.filepath code.function code.function.name code.line.number code.lineno code.namespace
code.stacktrace otel.component.name otel.component.type otel.event.name otel.library.name otel.library.version
otel.scope.name otel.scope.schema_url otel.scope.version otel.span.parent.origin otel.span.sampling_result
otel.status_code otel.status_description error.message error.type exception.escaped exception.message
exception.stacktrace exception.type rpc.connect_rpc.error_code rpc.grpc.status_code rpc.jsonrpc.error_code
rpc.jsonrpc.error_message rpc.jsonrpc.request_id rpc.jsonrpc.version rpc.message.compressed_size rpc.message.id
rpc.message.type rpc.message.uncompressed_size rpc.method rpc.method_original rpc.response.status_code rpc.service
rpc.status_code rpc.system rpc.system.name peer.service db.cassandra.consistency_level db.cassandra.coordinator.dc
db.cassandra.coordinator.id db.cassandra.idempotence db.cassandra.keyspace db.cassandra.page_size
db.cassandra.speculative_execution_count db.cassandra.table db.client.connection.pool.name db.client.connection.state
db.client.connections.pool.name db.client.connections.state db.collection.name db.connection_string
db.cosmosdb.client_id db.cosmosdb.connection_mode db.cosmosdb.consistency_level db.cosmosdb.container
db.cosmosdb.operation_type db.cosmosdb.regions_contacted db.cosmosdb.request_charge db.cosmosdb.request_content_length
db.cosmosdb.status_code db.cosmosdb.sub_status_code db.elasticsearch.cluster.name db.elasticsearch.node.name
db.hbase.namespace db.instance.id db.jdbc.driver_classname db.mongodb.collection db.mssql.instance_name db.name
db.namespace db.operation db.operation.batch.size db.operation.name db.query.summary db.query.text
db.redis.database_index db.response.returned_rows db.response.status_code db.sql.table db.statement
db.stored_procedure.name db.system db.system.name db.user user_agent.name user_agent.original user_agent.os.name
user_agent.os.version user_agent.synthetic.type user_agent.version client.address client.as.number
client.as.organization client.mac.address client.port client.prefix client.service.name client.service.namespace
net.host.carrier.icc net.host.carrier.mcc net.host.carrier.mnc net.host.carrier.name net.host.connection.subtype
net.host.connection.type net.host.ip net.host.name net.host.port net.peer.ip net.peer.name net.peer.port
net.protocol.name net.protocol.version net.sock.family net.sock.host.addr net.sock.host.port net.sock.peer.addr
net.sock.peer.name net.sock.peer.port net.transport server.address server.as.number server.as.organization
server.mac.address server.port server.prefix server.service.name server.service.namespace network.carrier.icc
network.carrier.mcc network.carrier.mnc network.carrier.name network.connection.state network.connection.subtype
network.connection.type network.interface.name network.io.direction network.local.address network.local.as.number
network.local.as.organization network.local.mac.address network.local.port network.local.prefix network.peer.address
network.peer.as.number network.peer.as.organization network.peer.mac.address network.peer.port network.peer.prefix
network.protocol.name network.protocol.version network.transport network.type url.domain url.extension url.fragment
url.full url.original url.path url.port url.query url.registered_domain url.scheme url.subdomain url.template
url.top_level_domain http.client_ip http.connection.state http.flavor http.host http.method http.request.body.content
http.request.body.size http.request.method http.request.method_original http.request.resend_count http.request.size
http.request_content_length http.request_content_length_uncompressed http.response.body.content
http.response.body.size http.response.size http.response.status_code http.response_content_length
http.response_content_length_uncompressed http.route http.scheme http.server_name http.status_code http.target
http.url http.user_agent deployment.environment deployment.environment.name deployment.id deployment.name
deployment.status service.criticality service.instance.cost_center.id service.instance.cost_center.name
service.instance.id service.name service.namespace service.peer.name service.peer.namespace service.version
telemetry.auto.version telemetry.distro.name telemetry.distro.version telemetry.sdk.language telemetry.sdk.name
telemetry.sdk.version
`
