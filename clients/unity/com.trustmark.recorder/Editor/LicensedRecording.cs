using System;
using System.Collections.Generic;
using System.IO;
using UnityEditor;
using UnityEditor.Recorder;
using UnityEditor.Recorder.Input;
using UnityEngine;
using UnityEngine.Playables;

namespace Trustmark
{
    /// <summary>What is recorded: frames of the scene's timeline, into which folder, at which size.</summary>
    public sealed class Shot
    {
        public int First, Last, Width, Height;
        public float FramesASecond;
        public string Folder, Python;
    }

    /// <summary>
    /// Records a timeline block after block, each a session of the Recorder's own over so many frames: without leave
    /// the session is never started. A block is recorded into drafts beside its place, and moved there when it is whole.
    /// </summary>
    public sealed class LicensedRecording : IDisposable
    {
        readonly Shot shot;
        readonly PlayableDirector director;
        readonly Leave leave;
        RecorderController recorder;
        Block block;

        public LicensedRecording(Shot shot, PlayableDirector director)
        {
            if (director == null)
            {
                throw new Denied(2, "trustmark: misuse: the scene has no PlayableDirector: a licence counts frames of one");
            }
            this.shot = shot;
            this.director = director;
            leave = new Leave(shot.Python, shot.First, shot.Last, Application.unityVersion);
        }

        string Drafts
        {
            get { return Path.Combine(shot.Folder, ".drafts"); }
        }

        /// <summary>Once in each update of the editor; true when all frames are done. Throws Denied.</summary>
        public bool Step()
        {
            if (recorder != null && recorder.IsRecording())
            {
                if (leave.IsOver())
                {
                    recorder.StopRecording();
                    Finish(); // what it wrote is reported as discarded, and throws
                }
                return false;
            }
            if (recorder != null)
            {
                Finish();
            }
            return !Start();
        }

        /// <summary>End what is being recorded; what was written without a receipt is removed.</summary>
        public void Dispose()
        {
            if (recorder != null && recorder.IsRecording())
            {
                recorder.StopRecording();
            }
            recorder = null;
            leave.Dispose();
            if (Directory.Exists(Drafts))
            {
                Directory.Delete(Drafts, true);
            }
        }

        bool Start()
        {
            var next = leave.Begin();
            if (next == null)
            {
                return false;
            }
            block = next.Value;
            if (Directory.Exists(Drafts))
            {
                Directory.Delete(Drafts, true);
            }
            Directory.CreateDirectory(Drafts);
            director.timeUpdateMode = DirectorUpdateMode.GameTime;
            director.time = block.First / (double)shot.FramesASecond;
            director.Evaluate();
            director.Play();

            var images = ScriptableObject.CreateInstance<ImageRecorderSettings>();
            images.Enabled = true;
            images.OutputFormat = ImageRecorderSettings.ImageRecorderOutputFormat.PNG;
            images.imageInputSettings = new GameViewInputSettings { OutputWidth = shot.Width, OutputHeight = shot.Height };
            images.OutputFile = Path.Combine(Drafts, "draft.") + DefaultWildcard.Frame;
            var settings = ScriptableObject.CreateInstance<RecorderControllerSettings>();
            settings.AddRecorderSettings(images);
            settings.FrameRate = shot.FramesASecond;
            settings.CapFrameRate = false;
            settings.SetRecordModeToFrameInterval(0, block.Count - 1); // the Recorder ends by itself with the leave
            recorder = new RecorderController(settings);
            recorder.PrepareRecording();
            if (!recorder.StartRecording())
            {
                throw new Denied(2, "trustmark: misuse: the Recorder did not start: its log says why");
            }
            return true;
        }

        /// <summary>The drafts in their order become the block's frames, and are reported.</summary>
        void Finish()
        {
            recorder = null;
            director.Pause();
            var drafts = Directory.GetFiles(Drafts, "draft.*.png");
            Array.Sort(drafts, StringComparer.Ordinal);
            if (drafts.Length > block.Count)
            {
                throw new Denied(2, "trustmark: misuse: the Recorder wrote more frames than it had leave for");
            }
            var files = new List<string>();
            for (var at = 0; at < drafts.Length; at++)
            {
                var place = Path.Combine(shot.Folder, "frame." + (block.First + at).ToString("D4") + ".png");
                if (File.Exists(place))
                {
                    File.Delete(place);
                }
                File.Move(drafts[at], place);
                files.Add(place);
            }
            leave.Report(files);
        }
    }
}
