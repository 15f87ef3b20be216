package penstock;

import com.amazonaws.AmazonServiceException;
import com.amazonaws.ClientConfiguration;
import com.amazonaws.auth.AWSStaticCredentialsProvider;
import com.amazonaws.auth.BasicAWSCredentials;
import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.services.datapipeline.DataPipeline;
import com.amazonaws.services.datapipeline.DataPipelineClientBuilder;
import com.amazonaws.services.datapipeline.model.*;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/**
 * Calls all 19 operations of the Data Pipeline API the way a Java program does, and checks what comes back.
 * Prints the name of each operation that did what it should; ends with 1 at the first that did not.
 * Arguments: endpoint, access key, secret key.
 */
public final class Operations {
  private static final Set<String> SHOWN = new TreeSet<>();

  private static void check(boolean holds, String what) {
    if (!holds) throw new AssertionError(what);
  }

  private static void shown(String operation) {
    if (SHOWN.add(operation)) System.out.println(operation);
  }

  private static PipelineObject object(String id, String... keysAndValues) {
    List<Field> fields = new ArrayList<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      Field field = new Field().withKey(keysAndValues[i]);
      String value = keysAndValues[i + 1];
      fields.add(value.startsWith("@") ? field.withRefValue(value.substring(1)) : field.withStringValue(value));
    }
    return new PipelineObject().withId(id).withName(id).withFields(fields);
  }

  private static String field(PipelineObject object, String key) {
    for (Field field : object.getFields()) {
      if (field.getKey().equals(key)) {
        return field.getStringValue() != null ? field.getStringValue() : field.getRefValue();
      }
    }
    return null;
  }

  private static String statusOf(DataPipeline client, String pipeline, String component) {
    QueryObjectsResult found = client.queryObjects(
        new QueryObjectsRequest().withPipelineId(pipeline).withSphere("INSTANCE"));
    if (found.getIds().isEmpty()) return "none";
    for (PipelineObject one : client.describeObjects(new DescribeObjectsRequest().withPipelineId(pipeline)
             .withObjectIds(found.getIds())).getPipelineObjects()) {
      if (one.getId().startsWith("@" + component + "_")) return field(one, "@status");
    }
    return "none";
  }

  private static void await(DataPipeline client, String pipeline, String component, String status) throws Exception {
    long deadline = System.nanoTime() + 30_000_000_000L;
    String now = "";
    while (System.nanoTime() < deadline) {
      now = statusOf(client, pipeline, component);
      if (now.equals(status)) return;
      Thread.sleep(100);
    }
    throw new AssertionError(component + " is " + now + ", not " + status);
  }

  private static TaskObject poll(DataPipeline client, String group) {
    for (int i = 0; i < 3; i++) {
      TaskObject task = client.pollForTask(new PollForTaskRequest().withWorkerGroup(group).withHostname("java")
          .withInstanceIdentity(new InstanceIdentity().withDocument("{}").withSignature("none"))).getTaskObject();
      if (task != null) return task;
    }
    throw new AssertionError("no task came for " + group);
  }

  public static void main(String[] arguments) {
    try {
      callAll(arguments);
    } catch (Throwable failed) {
      failed.printStackTrace();
      System.exit(1);
    }
  }

  private static void callAll(String[] arguments) throws Exception {
    DataPipeline client = DataPipelineClientBuilder.standard()
        .withEndpointConfiguration(new EndpointConfiguration(arguments[0], "us-east-1"))
        .withCredentials(new AWSStaticCredentialsProvider(new BasicAWSCredentials(arguments[1], arguments[2])))
        .withClientConfiguration(new ClientConfiguration().withSocketTimeout(100_000).withMaxErrorRetry(0))
        .build();
    String group = "java-" + UUID.randomUUID();
    String unique = UUID.randomUUID().toString();

    CreatePipelineRequest create = new CreatePipelineRequest().withName("from Java").withUniqueId(unique)
        .withDescription("tested \u00e4\u20ac").withTags(new Tag().withKey("team").withValue("tests"));
    String pipeline = client.createPipeline(create).getPipelineId();
    check(pipeline.startsWith("df-"), pipeline);
    check(client.createPipeline(create).getPipelineId().equals(pipeline), "the same uniqueId made another pipeline");
    shown("CreatePipeline");

    List<PipelineObject> objects = Arrays.asList(
        object("Default", "scheduleType", "ondemand", "workerGroup", group, "failureAndRerunMode", "cascade"),
        object("First", "type", "ShellCommandActivity", "command", "echo #{myWord}", "stage", "false"),
        object("Second", "type", "ShellCommandActivity", "command", "true", "dependsOn", "@First", "maximumRetries", "0"));
    ParameterObject word = new ParameterObject().withId("myWord").withAttributes(
        new ParameterAttribute().withKey("type").withStringValue("String"),
        new ParameterAttribute().withKey("default").withStringValue("unset"));
    ParameterValue value = new ParameterValue().withId("myWord").withStringValue("hello");

    ValidatePipelineDefinitionResult valid = client.validatePipelineDefinition(new ValidatePipelineDefinitionRequest()
        .withPipelineId(pipeline).withPipelineObjects(objects).withParameterObjects(word).withParameterValues(value));
    check(!valid.isErrored(), valid.toString());
    ValidatePipelineDefinitionResult invalid = client.validatePipelineDefinition(new ValidatePipelineDefinitionRequest()
        .withPipelineId(pipeline).withPipelineObjects(object("Lonely", "type", "ShellCommandActivity")));
    check(invalid.isErrored() && invalid.getValidationErrors().get(0).getId().equals("Lonely"), invalid.toString());
    shown("ValidatePipelineDefinition");

    PutPipelineDefinitionResult put = client.putPipelineDefinition(new PutPipelineDefinitionRequest()
        .withPipelineId(pipeline).withPipelineObjects(objects).withParameterObjects(word).withParameterValues(value));
    check(!put.isErrored(), put.toString());
    shown("PutPipelineDefinition");

    GetPipelineDefinitionResult got = client.getPipelineDefinition(
        new GetPipelineDefinitionRequest().withPipelineId(pipeline).withVersion("latest"));
    check(new HashSet<>(got.getPipelineObjects()).equals(new HashSet<>(objects)), got.toString());
    check(got.getParameterObjects().equals(Arrays.asList(word)), got.toString());
    check(got.getParameterValues().equals(Arrays.asList(value)), got.toString());
    shown("GetPipelineDefinition");

    PipelineDescription description = client.describePipelines(
        new DescribePipelinesRequest().withPipelineIds(pipeline)).getPipelineDescriptionList().get(0);
    check(description.getName().equals("from Java") && description.getDescription().equals("tested \u00e4\u20ac"),
        description.toString());
    check(description.getTags().equals(Arrays.asList(new Tag().withKey("team").withValue("tests"))), description.toString());
    shown("DescribePipelines");

    boolean listed = false;
    ListPipelinesRequest page = new ListPipelinesRequest();
    while (true) {
      ListPipelinesResult list = client.listPipelines(page);
      for (PipelineIdName one : list.getPipelineIdList()) listed |= one.getId().equals(pipeline);
      if (!list.isHasMoreResults()) break;
      page.setMarker(list.getMarker());
    }
    check(listed, "not listed");
    shown("ListPipelines");

    client.addTags(new AddTagsRequest().withPipelineId(pipeline).withTags(new Tag().withKey("cost").withValue("")));
    shown("AddTags");
    client.removeTags(new RemoveTagsRequest().withPipelineId(pipeline).withTagKeys("team"));
    List<Tag> tags = client.describePipelines(new DescribePipelinesRequest().withPipelineIds(pipeline))
        .getPipelineDescriptionList().get(0).getTags();
    check(tags.size() == 1 && tags.get(0).getKey().equals("cost"), tags.toString());
    shown("RemoveTags");

    // A poll that is parked before there is work gets it.
    CompletableFuture<TaskObject> parked = CompletableFuture.supplyAsync(() -> poll(client, group));
    Thread.sleep(300);
    client.activatePipeline(new ActivatePipelineRequest().withPipelineId(pipeline)
        .withParameterValues(value));
    shown("ActivatePipeline");
    TaskObject task = parked.get();
    check(task.getPipelineId().equals(pipeline) && task.getAttemptId() != null, task.toString());
    check(task.getObjects().values().stream().anyMatch(one -> "echo hello".equals(field(one, "command"))), task.toString());
    shown("PollForTask");

    check(!client.reportTaskProgress(new ReportTaskProgressRequest().withTaskId(task.getTaskId())
        .withFields(new Field().withKey("percentDone").withStringValue("50"))).isCanceled(), "canceled");
    shown("ReportTaskProgress");
    check(!client.reportTaskRunnerHeartbeat(new ReportTaskRunnerHeartbeatRequest().withTaskrunnerId("java-1")
        .withWorkerGroup(group).withHostname("java")).isTerminate(), "told to terminate");
    shown("ReportTaskRunnerHeartbeat");

    String attempt = task.getAttemptId();
    check("7".equals(client.evaluateExpression(new EvaluateExpressionRequest().withPipelineId(pipeline)
        .withObjectId(attempt).withExpression("#{3 + 4}")).getEvaluatedExpression().replaceAll("\\.0$", "")), "3 + 4");
    shown("EvaluateExpression");

    client.setTaskStatus(new SetTaskStatusRequest().withTaskId(task.getTaskId()).withTaskStatus(TaskStatus.FINISHED));
    await(client, pipeline, "First", "FINISHED");
    TaskObject second = poll(client, group);
    client.setTaskStatus(new SetTaskStatusRequest().withTaskId(second.getTaskId()).withTaskStatus(TaskStatus.FAILED)
        .withErrorId("NoGood").withErrorMessage("on purpose").withErrorStackTrace("at Operations"));
    await(client, pipeline, "Second", "FAILED");
    shown("SetTaskStatus");

    QueryObjectsResult failed = client.queryObjects(new QueryObjectsRequest().withPipelineId(pipeline)
        .withSphere("INSTANCE").withLimit(10).withQuery(new Query().withSelectors(new Selector().withFieldName("@status")
        .withOperator(new Operator().withType(OperatorType.EQ).withValues("FAILED")))));
    check(failed.getIds().size() == 1 && failed.getIds().get(0).startsWith("@Second_"), failed.toString());
    shown("QueryObjects");
    PipelineObject instance = client.describeObjects(new DescribeObjectsRequest().withPipelineId(pipeline)
        .withObjectIds(failed.getIds()).withEvaluateExpressions(true)).getPipelineObjects().get(0);
    check("FAILED".equals(field(instance, "@status")), instance.toString());
    shown("DescribeObjects");

    client.setStatus(new SetStatusRequest().withPipelineId(pipeline).withObjectIds(failed.getIds()).withStatus("RERUN"));
    client.setTaskStatus(new SetTaskStatusRequest().withTaskId(poll(client, group).getTaskId())
        .withTaskStatus(TaskStatus.FINISHED));
    await(client, pipeline, "Second", "FINISHED");
    shown("SetStatus");

    try {
      client.reportTaskProgress(new ReportTaskProgressRequest().withTaskId("nobody's"));
      throw new AssertionError("progress of a task that is not there was taken");
    } catch (TaskNotFoundException expected) {
      check(expected.getRequestId() != null && expected.getStatusCode() == 400, expected.toString());
    }
    client.deactivatePipeline(new DeactivatePipelineRequest().withPipelineId(pipeline).withCancelActive(true));
    shown("DeactivatePipeline");
    client.deletePipeline(new DeletePipelineRequest().withPipelineId(pipeline));
    try {
      client.describePipelines(new DescribePipelinesRequest().withPipelineIds(pipeline));
      throw new AssertionError("a deleted pipeline was described");
    } catch (PipelineDeletedException | PipelineNotFoundException expected) {
      shown("DeletePipeline");
    }
    try {
      client.createPipeline(new CreatePipelineRequest().withName("").withUniqueId("x"));
      throw new AssertionError("a pipeline without a name was made");
    } catch (InvalidRequestException expected) {
      throw new AssertionError("a constraint failure is a ValidationException: " + expected);
    } catch (AmazonServiceException expected) {
      check(expected.getErrorCode().equals("ValidationException"), expected.toString());
    }
    client.shutdown();
  }
}
